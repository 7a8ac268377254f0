/// Snowflake mode.
package struct StatsSnowflake: StatsValue {
    @StatsField package var enabled: Bool = false
    /// What the IDs are made of: epoch and layout.
    @StatsField package var format: String? = nil
    /// The worker ids held.
    @StatsField package var workers: [Int64] = []
    /// Of each of `workers`, in their order: how often it has changed its holder.
    @StatsField package var generations: [Int64] = []
    /// Since the start.
    @StatsField package var issued: Int64 = 0
    /// IDs in one unit of time of one worker, on the average of those units that had any, since the start; null before the
    /// first ID. The layout has a limit for it (4,096 in a millisecond): where this comes near, more workers are needed.
    @StatsField package var idsPerUnit: Double? = nil
    /// How far ahead of now the workers may stamp, that of the shortest; null while none is held.
    @StatsField package var horizonSeconds: Double? = nil
    /// How far leafd's clock is from the wall clock; null while none is held.
    @StatsField package var clockOffsetMilliseconds: Double? = nil
    /// How often the wall clock has jumped since the start.
    @StatsField package var clockSteps: Int64 = 0
    /// How often a request waited for the next unit of time.
    @StatsField package var waits: Int64 = 0
    /// Why no snowflakes are issued; null: they are, or nobody has asked yet.
    @StatsField package var problem: String? = nil

    package init() {}
    package static var unknown: StatsSnowflake { StatsSnowflake() }

    private enum CodingKeys: String, CodingKey {
        case enabled, format, workers, generations, issued, waits, problem
        case idsPerUnit = "ids_per_unit"
        case horizonSeconds = "horizon_s"
        case clockOffsetMilliseconds = "clock_offset_ms"
        case clockSteps = "clock_steps"
    }
}
