extension World {
    /// A lift of the counters goes for worker ids too.
    func liftWorkers(_ store: Int) {
        guard let rules = parameters.snowflakes else { return }
        stores[store].liftWorkers(hold: rules.hold, horizon: rules.horizon.inNanoseconds / 1_000_000)
    }
}

extension WorldParameters {
    /// How old a transaction may be that a failover loses, in milliseconds.
    var lossMax: Int64 {
        guard let snowflakes else { return .max }
        return snowflakes.stepsDatabaseClock ? -1 : snowflakes.hold - 60_000
    }
}
