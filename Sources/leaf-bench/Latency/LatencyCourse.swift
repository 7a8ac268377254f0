/// A quiet leafd and disturbed ones, under the same load by turns.
struct LatencyCourse {
    struct Plan {
        var load: OpenLoad
        var disturbances: [Disturbance]
        var rounds: Int
        var warmUp: Duration
        var duration: Duration
        /// Of `Disturbance.statsMany`.
        var manyTags: Int
    }

    /// One leafd, and what was measured there, a round each.
    struct Side {
        let leafd: Leafd
        var reports: [OpenLoad.Report] = []
        /// What leafd itself counted meanwhile, a second.
        var commits: [Double] = []
        var leases: [Double] = []
        var storeErrors: [Double] = []
        /// How often the disturbance was done, a second.
        var times: [Double] = []
    }

    let plan: Plan
    /// For each disturbance the quiet leafd's reports beside it, round by round.
    private(set) var quiet: [Disturbance: [OpenLoad.Report]] = [:]
    private(set) var sides: [Disturbance: Side] = [:]
    private var still: Side

    init(_ plan: Plan, leafd path: String) throws {
        self.plan = plan
        Progress.say("latency: starting \(plan.disturbances.count + 1) leafds")
        still = Side(leafd: try LatencyCourse.start(path, plan, nil))
        for disturbance in plan.disturbances {
            sides[disturbance] = Side(leafd: try LatencyCourse.start(path, plan, disturbance))
        }
    }

    private static func start(_ path: String, _ plan: Plan, _ disturbance: Disturbance?) throws -> Leafd {
        let names = plan.load.tags
        let perTag = plan.load.requestsPerSecond / Double(names.count)
        let steps =
            disturbance?.steps(tags: names.count, perTag: perTag, phase: plan.warmUp + plan.duration)
            ?? Array(repeating: Disturbance.largeStep, count: names.count)
        // No reserve for outages beyond the next segment: it is fetched for minutes after the first request. A request that
        // waits long is to be seen as such, not as an error.
        let settings =
            ["segments.reserve=0", "segments.wait-timeout=20s"] + (disturbance?.settings(steps: steps) ?? [])
        let tags =
            zip(names, steps).map { Leafd.Tag($0, step: $1) } + (disturbance?.bulkTags ?? []).map { Leafd.Tag($0) }
        let leafd =
            disturbance == .statsMany
            ? try ManyTags.start(path, count: plan.manyTags, tags: tags, settings: settings)
            : try Leafd(path, tags: tags, settings: settings)
        // Its first leases, and windows that fit the rate.
        _ = try plan.load.run(socketPath: leafd.socketPath, warmUp: .zero, duration: plan.duration / 2)
        return leafd
    }

    mutating func run() throws {
        var progress = Progress("latency", steps: plan.rounds * plan.disturbances.count * 2)
        for round in 1...plan.rounds {
            for disturbance in plan.disturbances {
                let isQuietFirst = round % 2 == 1
                if isQuietFirst { try measureQuiet(beside: disturbance, round, &progress) }
                try measure(disturbance, round, &progress)
                if !isQuietFirst { try measureQuiet(beside: disturbance, round, &progress) }
            }
        }
    }

    private mutating func measureQuiet(
        beside disturbance: Disturbance, _ round: Int, _ progress: inout Progress
    ) throws {
        progress.step("round \(round): quiet")
        let report = try plan.load.run(
            socketPath: still.leafd.socketPath, warmUp: plan.warmUp, duration: plan.duration)
        quiet[disturbance, default: []].append(report)
    }

    private mutating func measure(_ disturbance: Disturbance, _ round: Int, _ progress: inout Progress) throws {
        progress.step("round \(round): \(disturbance.name(manyTags: plan.manyTags))")
        let leafd = sides[disturbance]!.leafd
        let before = try Stats(of: leafd)
        let (report, times) = try disturbance.during(leafd) {
            try plan.load.run(socketPath: leafd.socketPath, warmUp: plan.warmUp, duration: plan.duration)
        }
        let after = try Stats(of: leafd)
        let seconds = (plan.warmUp + plan.duration).inSeconds
        sides[disturbance]!.reports.append(report)
        sides[disturbance]!.commits.append(Double(after.commits - before.commits) / seconds)
        sides[disturbance]!.leases.append(Double(after.leases - before.leases) / seconds)
        sides[disturbance]!.storeErrors.append(Double(after.storeErrors - before.storeErrors) / seconds)
        sides[disturbance]!.times.append(Double(times) / seconds)
        // An outage leaves a back-off of some seconds behind.
        try ManyTags.wait("leafd has its store again", within: .seconds(60)) { try Stats(of: leafd).isStoreUp }
    }
}
