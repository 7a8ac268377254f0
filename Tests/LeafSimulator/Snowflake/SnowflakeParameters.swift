/// What holds for the snowflakes of one world.
struct SnowflakeParameters {
    /// What daemons are configured with: the first, but for hosts that somebody has configured otherwise.
    var formats: [SnowflakeFormat]
    var window: Duration
    var horizon: Duration
    /// `snowflake.takeover-hold`, in milliseconds. What a failover loses is a minute younger: so far may its server's clock be behind.
    var hold: Int64
    /// How many worker ids a daemon leases beside the first, at most.
    let extraMax: Int
    /// Some hosts have a worker id of their own.
    let hasConfigured: Bool
    /// Clocks of hosts are stepped.
    let stepsClocks: Bool
    /// The database's clock is stepped: then no failover loses anything, since what holds takeovers back is that clock.
    let stepsDatabaseClock: Bool

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0x5F0F_1A6E)
        let workerBits = 1 + random.below(3)
        let layout = SnowflakeLayout(
            unit: .milliseconds(random.pick([1, 10, 10, 1000, 5000])), timeBits: 41, workerBits: workerBits,
            sequenceBits: random.pick([1, 3, 8]))
        let first = SnowflakeFormat(layout: layout, epoch: SimulatedClock.base - 1_000_000)
        var other = layout
        var epoch = first.epoch
        switch random.below(3) {
        case 0: epoch += 1000 * Int64(random.pick([1, 60, -3600]))
        case 1: other.unit = .milliseconds(first.unit == 1 ? 10 : 1)
        default:
            other.workerBits = 4 - workerBits
            other.sequenceBits = layout.sequenceBits + layout.workerBits - other.workerBits
            if other.sequenceBits < 1 { other = layout }
        }
        formats = [first, SnowflakeFormat(layout: other, epoch: epoch)]
        window = .milliseconds(random.pick([100, 1000, 10_000]))
        horizon = .seconds(random.pick([60, 600, 7200]))
        hold = 1000 * random.pick([120, 180, 600])
        extraMax = random.pick([0, 0, 1, 2])
        hasConfigured = random.chance(40)
        stepsClocks = random.chance(60)
        stepsDatabaseClock = random.chance(20)
    }
}
