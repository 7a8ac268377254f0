internal import LeafSimulator

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

@main struct LeafSim {
    static func main() async {
        do throws(UsageError) {
            let options = try Options(CommandLine.arguments.dropFirst())
            let isWell = try await run(options)
            exit(isWell ? 0 : 1)
        } catch {
            print(error.text)
            exit(2)
        }
    }

    /// - Returns: whether every rule held.
    private static func run(_ options: Options) async throws(UsageError) -> Bool {
        if options.showsCapacity {
            await Capacity(options).run()
            return true
        }
        if options.showsMutations { return await showMutations(options) }
        guard let name = options.without else { return await play(options) }
        guard let guarding = DuplicateGuard(rawValue: name) else {
            throw UsageError(
                text: "no guard is named \(name); there are: "
                    + DuplicateGuard.allCases.map(\.rawValue).joined(separator: ", "))
        }
        var options = options
        if guarding.subject == .snowflakes { options.subject = .snowflakes }
        return await DuplicateGuard.$off.withValue(guarding) { [options] in await play(options) }
    }

    private static func play(_ options: Options) async -> Bool {
        if options.showsClockFaults { return await ClockFaults(options).run() }
        guard let seed = options.seed else { return await Sweep(options).run() }
        let report = Simulation.play(
            Scenario(seed: seed, events: options.events, of: options.subject, favoring: options.favored),
            minds: options.minds,
            isTracing: options.isTracing)
        print(report.trace.joined(separator: "\n"))
        print(report.story(minds: options.minds, linesMax: options.lines))
        return report.violation == nil
    }

    private static func showMutations(_ options: Options) async -> Bool {
        var isWell = true
        print("guard                  seed  events  what was seen without it")
        for guarding in DuplicateGuard.allCases {
            let found = Mutation.find(
                guarding, seeds: options.first..<options.first + options.seeds, events: options.events,
                minds: options.minds, plays: 3000)
            let name = guarding.rawValue + String(repeating: " ", count: max(0, 22 - guarding.rawValue.utf8.count))
            guard let found else {
                print("\(name) none of \(options.seeds) seeds misses it")
                isWell = false
                continue
            }
            print("\(name) \(found.seed)  \(found.shortest)  \(found.violation)")
            fflush(nil)
        }
        return isWell
    }
}

extension Options {
    /// A seed is played as it was found: with what makes the missing guard missed.
    var favored: Set<EventKind> { without.flatMap { DuplicateGuard(rawValue: $0) }?.occasions ?? [] }

    var minds: Set<Violation.Kind> { countsDuplicatesOnly ? [.duplicate] : Simulation.everyRule }
}
