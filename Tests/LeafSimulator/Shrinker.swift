/// Makes a failing scenario short: leaves out events for as long as the same rule is broken.
package struct Shrinker {
    private let minds: Set<Violation.Kind>
    private let kind: Violation.Kind
    private var playsLeft: Int

    /// - Parameter plays: the most scenarios tried.
    package static func shrink(
        _ report: Simulation.Report, minds: Set<Violation.Kind> = Simulation.everyRule, plays: Int = 4000
    ) -> Scenario {
        guard let violation = report.violation else { return report.scenario }
        var shrinker = Shrinker(minds: minds, kind: violation.kind, playsLeft: plays)
        return shrinker.shrink(report.scenario)
    }

    /// Delta debugging (Zeller, Hildebrandt, 2002), by chunks that halve: each round drops whatever it can do without.
    private mutating func shrink(_ scenario: Scenario) -> Scenario {
        var best = scenario
        var chunk = max(1, best.events.count / 2)
        while playsLeft > 0 {
            var dropped = false
            var start = best.events.count - chunk
            while start > -chunk && playsLeft > 0 {
                var candidate = best
                candidate.events.removeSubrange(max(0, start)..<min(best.events.count, max(0, start) + chunk))
                if let shorter = failing(candidate) {
                    best = shorter
                    dropped = true
                    start = min(start, best.events.count)
                }
                start -= chunk
            }
            if chunk == 1 && !dropped { break }
            if !dropped || chunk > best.events.count { chunk = max(1, chunk / 2) }
        }
        return best
    }

    /// The scenario as far as it was played, if it still breaks the rule.
    private mutating func failing(_ candidate: Scenario) -> Scenario? {
        playsLeft -= 1
        let report = Simulation.play(candidate, minds: minds)
        return report.violation?.kind == kind ? report.scenario : nil
    }
}

extension Simulation.Report {
    /// What to print of a failure: the rule, how to see it again, and a short story that leads to it.
    package func story(minds: Set<Violation.Kind> = Simulation.everyRule, linesMax: Int = 30) -> String {
        guard let violation else { return "seed \(scenario.seed): every rule held" }
        let short = Shrinker.shrink(self, minds: minds)
        let replay = Simulation.play(short, minds: minds, isTracing: true)
        let lines = replay.trace.count > linesMax ? ["…"] + replay.trace.suffix(linesMax) : replay.trace
        return """
            seed \(scenario.seed): \(violation)
            again, with every step: leaf-sim \(scenario.subject == .snowflakes ? "--snowflake " : "")--seed \(scenario.seed) --trace
            the same rule broken by \(short.events.count) of \(scenario.events.count) events: \(replay.violation.map { "\($0)" } ?? "")
            \(lines.joined(separator: "\n"))
            """
    }
}
