/// What holds in one world from its beginning to its end.
struct WorldParameters {
    var hosts: Int
    let tags: Int
    let rules: StockRules
    let tableStep: Int64
    var afterReboot: Recovery.AfterReboot
    /// The folder of the witnesses is on disk, against all advice: it outlives a boot, and goes with a copied disk.
    var isRunFolderOnDisk: Bool
    /// Which server answers can be told.
    var hasIdentity: Bool
    /// How often a step of a driver goes wrong, in percent.
    var faultPercent: Int
    /// nil: none are played.
    var snowflakes: SnowflakeParameters?

    init(seed: UInt64, subject: Scenario.Subject) {
        var random = SeededRandom(seed: seed)
        hosts = 1 + random.below(4)
        tags = subject == .tags ? 1 + random.below(3) : 1
        tableStep = random.pick([1, 5, 20, 100])
        let minStep: Int64 = random.pick([1, 10, 50])
        rules = StockRules(
            step: StepPolicy(
                minStep: minStep, maxStep: max(minStep, random.pick([50, 400, 2000])), adjustRatio: 2,
                shortLife: .seconds(900), longLife: .seconds(1800)),
            preloadThreshold: random.pick([0.1, 0.5, 0.9]), reserve: .seconds(random.pick([0, 60, 1800])),
            maxSegments: random.pick([1, 3, 1000]), window: .milliseconds(random.pick([100, 1000])),
            failoverGap: random.pick([1000, 5000, 100_000]))
        afterReboot = random.chance(70) ? .serve : .wait
        isRunFolderOnDisk = random.chance(20)
        // Without it a failover shows in the floors alone, which promise something to a single daemon only.
        hasIdentity = subject == .snowflakes || hosts > 1 || random.chance(50)
        faultPercent = random.pick([0, 2, 5, 15])
        snowflakes = subject == .snowflakes ? SnowflakeParameters(seed: seed) : nil
    }
}
