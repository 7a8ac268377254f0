package import LeafCore

/// Snowflake mode, as the engine is told at the start.
package struct SnowflakeSettings: Sendable {
    package var isEnabled: Bool
    package var format: SnowflakeFormat
    /// This host's own worker id; nil: leased at the first request.
    package var worker: Int?
    /// How many worker ids are leased beside the first.
    package var extraWorkers: Int
    /// How far ahead a worker id is leased at most.
    package var horizon: Duration
    /// How long nobody takes a new worker id after the store went back.
    package var takeoverHold: Duration

    var holdMilliseconds: Int64 { takeoverHold.inNanoseconds / 1_000_000 }
    var horizonMilliseconds: Int64 { horizon.inNanoseconds / 1_000_000 }

    package init(
        isEnabled: Bool = true,
        format: SnowflakeFormat = SnowflakeFormat(layout: .leaf, epoch: 1_288_834_974_657), worker: Int? = nil,
        extraWorkers: Int = 0, horizon: Duration = .seconds(7200), takeoverHold: Duration = .seconds(600)
    ) {
        self.isEnabled = isEnabled
        self.format = format
        self.worker = worker
        self.extraWorkers = extraWorkers
        self.horizon = horizon
        self.takeoverHold = takeoverHold
    }
}
