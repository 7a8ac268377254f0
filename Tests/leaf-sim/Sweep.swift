internal import LeafSimulator
internal import Synchronization

/// Plays a range of seeds on several threads, and stops at the first rule that is broken.
struct Sweep {
    let options: Options

    init(_ options: Options) {
        self.options = options
    }

    private struct Part: Sendable {
        var tally = Tally()
        var seeds = 0
        var failure: Simulation.Report?
    }

    /// - Returns: whether every rule held.
    func run() async -> Bool {
        let clock = ContinuousClock()
        let started = clock.now
        var sum = Part()
        await withTaskGroup(of: Part.self) { group in
            let options = options
            let failing = Failing()
            for number in 0..<options.threads {
                group.addTask { Sweep.play(options, number, failing) }
            }
            for await part in group {
                sum.tally += part.tally
                sum.seeds += part.seeds
                if let failure = part.failure, failure.scenario.seed < sum.failure?.scenario.seed ?? .max {
                    sum.failure = failure
                }
            }
        }
        let seconds = Double((clock.now - started).components.seconds) + 0.001
        print(
            "\(sum.seeds) seeds from \(options.first) in \(Int(seconds)) s, \(Int(Double(sum.tally.events) / seconds)) events/s"
        )
        print(sum.tally)
        guard let failure = sum.failure else { return true }
        print(failure.story(minds: options.minds, linesMax: options.lines))
        return false
    }

    /// The lowest seed that failed: nothing above it needs to be played.
    private final class Failing: Sendable {
        let seed = Atomic<UInt64>(.max)
    }

    private static func play(_ options: Options, _ number: Int, _ failing: Failing) -> Part {
        var part = Part()
        var seed = options.first + UInt64(number)
        while seed < options.first + options.seeds, seed < failing.seed.load(ordering: .relaxed) {
            let report = Simulation.play(
                Scenario(seed: seed, events: options.events, of: options.subject, favoring: options.favored),
                minds: options.minds)
            part.tally += report.tally
            part.seeds += 1
            if report.violation != nil {
                part.failure = report
                _ = failing.seed.min(seed, ordering: .relaxed)
                break
            }
            seed += UInt64(options.threads)
        }
        return part
    }
}
