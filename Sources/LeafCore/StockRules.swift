/// What holds for the stock of every tag: the configuration's `segments:` and `journal.window`, unchanged for the life of
/// the daemon and shared by all stocks.
package final class StockRules: Sendable {
    package let step: StepPolicy
    /// The used share of the current segment at which the next is fetched, 0…1.
    package let preloadThreshold: Double
    /// The outage to have stock for, at the ten-minute mean rate.
    package let reserve: Duration
    /// The most segments a tag holds for the reserve's sake.
    package let maxSegments: Int
    /// How much issue, in time at the current rate, one extension of the journal's mark covers.
    package let window: Duration
    /// How far a counter that went backward is lifted above this host's floor, in IDs.
    package let failoverGap: Int64

    package init(
        step: StepPolicy, preloadThreshold: Double, reserve: Duration, maxSegments: Int, window: Duration,
        failoverGap: Int64
    ) {
        self.step = step
        self.preloadThreshold = preloadThreshold
        self.reserve = reserve
        self.maxSegments = maxSegments
        self.window = window
        self.failoverGap = failoverGap
    }

    /// The least window, in IDs: a tenth of the least step.
    package var minWindow: Int64 { max(1, step.minStep / 10) }
}
