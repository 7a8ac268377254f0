/// Plays a scenario: the same each time.
package struct Simulation {
    package struct Report: Sendable {
        package let scenario: Scenario
        package let tally: Tally
        /// nil: every rule held.
        package let violation: Violation?
        /// What happened, in words, the newest last: only of a traced play.
        package let trace: [String]
    }

    package static let everyRule = Set(Violation.Kind.allCases)

    /// Plays what the seed gives.
    package static func run(seed: UInt64, events: Int, of subject: Scenario.Subject = .tags) -> Report {
        play(Scenario(seed: seed, events: events, of: subject))
    }

    /// Plays until a rule is broken, or to the end; then lets everything come to rest and looks whether all is well.
    ///
    /// - Parameter minds: the rules that are watched.
    package static func play(
        _ scenario: Scenario, minds: Set<Violation.Kind> = everyRule, isTracing: Bool = false
    ) -> Report {
        let world = World(seed: scenario.seed, subject: scenario.subject, minds: minds, isTracing: isTracing)
        var played = 0
        for event in scenario.events {
            if isTracing { world.trace.append("\(played). \(event.kind)") }
            world.play(event)
            played += 1
            if world.checker.isOver { break }
        }
        if !world.checker.isOver { world.calmDown() }
        var tally = world.tally
        tally.events = played
        var scenario = scenario
        if world.checker.violation != nil { scenario.events = Array(scenario.events.prefix(played)) }
        return Report(scenario: scenario, tally: tally, violation: world.checker.violation, trace: world.trace)
    }
}
