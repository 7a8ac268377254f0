import ArgumentParser
import Foundation
import LeafTestKit

@main
struct LeafHostile: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leaf-hostile",
        abstract: "Attacks leafd as a local user could, and measures what others notice.",
        subcommands: [Table.self, RunAttack.self])
}

struct RunAttack: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attack", abstract: "Carry one attack out until SIGTERM, and print what became of it as JSON.")

    @Argument var name: String
    @Option var socket: String
    @Option(help: "Instead of the attack's own number.") var connections: Int?

    func run() throws {
        guard var attack = Attack.named(name) else { throw ValidationError("there is no attack '\(name)'") }
        if let connections { attack.connections = connections }
        raiseFileLimit()
        signal(SIGTERM, SIG_IGN)
        let isOver = TestLock(false)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        source.setEventHandler { isOver.with { $0 = true } }
        source.resume()
        var attacker = Attacker(attack, path: socket)
        attacker.run { isOver.with { $0 } }
        source.cancel()
        print(String(decoding: try JSONEncoder().encode(attacker.outcome), as: UTF8.self))
    }
}

struct Table: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try every attack, or those that are named, and print a table.")

    @Argument var names: [String] = []
    @Option(help: "leafd; the one beside this program if not given.") var leafd: String?
    @Option(
        help:
            "How often quiet, the attack on another daemon, and the attack are measured in turn; the best of each counts."
    ) var rounds = 10
    @Option(help: "Seconds of each.") var seconds = 0.5
    @Option(help: "More settings of the daemon, as key=value.") var set: [String] = []

    func run() throws {
        let leafd = try leafd ?? Tool.product("leafd")
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        print(
            "| attack | | RSS before, peak, after (MiB) | others' p50, p99 quiet (µs) | p99, decoy attacked | p50, p99 attacked | ratio | of decoy's | connections: made, closed by leafd, open at the end | replies | first errors |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|---|")
        var failures = 0
        for attack in Attack.all where names.isEmpty || names.contains(attack.name) {
            let settings = set + attack.settings
            let round = Round(
                attack: attack, victim: try Victim(leafd, settings: settings, descriptors: attack.descriptors),
                decoy: try Victim(leafd, settings: settings, descriptors: attack.descriptors), own: own)
            let figures = try round.measure(rounds: rounds, time: .seconds(seconds))
            print(row(attack, figures))
            for problem in figures.problems { print("**\(attack.name): \(problem)**") }
            fflush(nil)
            failures += figures.problems.count
        }
        if failures > 0 { throw ExitCode.failure }
    }

    private func row(_ attack: Attack, _ figures: Round.Figures) -> String {
        func text(_ value: Double) -> String { String(format: value < 10 ? "%.1f" : "%.0f", value) }
        let outcome = figures.outcome
        let errors = outcome.errors.sorted { $0.value > $1.value }.prefix(2).map { "`\($0.key)` × \($0.value)" }
        return "| "
            + [
                attack.name, attack.what,
                "\(text(figures.restMiB)), \(text(figures.peakMiB)), \(text(figures.afterMiB))",
                "\(text(figures.quietP50.least)), \(text(figures.quietP99.least))", text(figures.decoyP99.least),
                "\(text(figures.attackP50.least)), \(text(figures.attackP99.least))", text(figures.byQuiet),
                text(figures.byDecoy),
                "\(outcome.connected), \(outcome.closedByDaemon), \(outcome.openAtEnd)",
                text(Double(outcome.bytesReceived) / 1_048_576) + " MiB", errors.joined(separator: "; "),
            ].joined(separator: " | ") + " |"
    }
}
