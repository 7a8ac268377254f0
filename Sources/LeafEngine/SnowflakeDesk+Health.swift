internal import LeafCore
internal import LeafThreads

/// What HEALTH and STATS show of worker ids.
extension SnowflakeDesk {
    /// Worker ids are held, or to be held.
    var isInUse: Bool { state.with { $0.isWanted && settings.isEnabled } }

    /// Why no worker id is held, or none can be renewed, as far as somebody has asked for one.
    package var problem: String? { state.with { $0.problem } }

    /// Why the worker ids that are held stamp nothing now.
    private var refusal: SnowflakeRefusal? {
        let reading = ClockReading.now()
        let refusals = workers.map { entry in entry.handle { worker, _, _ in worker.refusal(reading) } }
        return refusals.contains(nil) ? nil : refusals.first ?? nil
    }

    /// For HEALTH: nil while all that is wanted is held and stamps, and time is left.
    var healthProblem: String? {
        let (entries, problem, isWanted, isComplete) = state.with {
            ($0.entries, $0.problem, $0.isWanted, $0.roster.isComplete)
        }
        guard settings.isEnabled, isWanted else { return nil }
        if entries.isEmpty { return problem.map { "no snowflakes: \($0)" } }
        if let refusal { return "no snowflakes: \(refusal)" }
        if let problem {
            return "\(isComplete ? "worker ids are not renewed" : "fewer worker ids than wanted"): \(problem)"
        }
        let now = ClockReading.now().wall / 1000
        let left = (settings.format.lastTime - now) / (365 * 86_400_000)
        return left < 2 ? "the time bits of snowflake.layout are used up within \(max(0, left + 1)) years" : nil
    }

    /// How long the worker ids can be stamped with if none is renewed any more; nil: there are none.
    var timeLeft: Duration? {
        let now = ClockReading.now().wall / 1000
        return workers.map { $0.snapshot().lastTime - now }.max().map { .milliseconds(max(0, $0)) }
    }

    func snapshot() -> SnowflakeSnapshot {
        let (entries, past) = state.with { ($0.entries, $0.past) }
        let problem = problem ?? refusal.map { "\($0)" }
        return SnowflakeSnapshot(
            isEnabled: settings.isEnabled, format: settings.format,
            workers: entries.map { $0.snapshot() }.sorted { $0.worker < $1.worker }, problem: problem, past: past)
    }
}
