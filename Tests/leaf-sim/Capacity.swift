internal import LeafSimulator

/// What a fleet costs its store, in the tables of Docs/Capacity.md: `leaf-sim --capacity`.
struct Capacity {
    let hosts: Int

    init(_ options: Options) {
        hosts = options.hosts
    }

    /// Leases a second of one hot row from 8 connections, on one small machine: Docs/Capacity.md says which.
    static let servers: [(name: String, rate: Double)] = [("MariaDB", 17_700), ("PostgreSQL", 5_500)]
    /// The daemon's pauses, in seconds.
    static let beat = 30.0
    static let list = 60.0

    func run() async {
        print("A fleet of \(Text.count(hosts)) hosts, as `leaf-sim --capacity --hosts \(hosts)` plays it.\n")
        let costs = await tagTable()
        fleetTable(costs)
        await batchTable()
        await peakTable()
        await keyTable()
        await returnTable()
        await herdTable()
        bitsTable(costs)
        sizeTable(costs)
    }

    /// Plays several at once, and gives the results in order.
    static func all<In: Sendable, Out: Sendable>(
        _ inputs: [In], _ play: @escaping @Sendable (In) -> Out
    ) async -> [Out] {
        await withTaskGroup(of: (Int, Out).self) { group in
            for (index, input) in inputs.enumerated() { group.addTask { (index, play(input)) } }
            var results: [Int: Out] = [:]
            for await (index, result) in group { results[index] = result }
            return inputs.indices.map { results[$0]! }
        }
    }
}

/// One row of what a tag costs.
struct TagCase: Sendable {
    let name: String
    let shape: LoadShape
    let reserve: Double

    static let reserves = [0.0, 1800, 7200]
    static let shapes: [(name: String, shape: LoadShape)] = [
        ("0.01/s", .constant(0.01)), ("1/s", .constant(1)), ("100/s", .constant(100)), ("10,000/s", .constant(10_000)),
        ("200,000/s", .constant(200_000)),
        ("10,000/s for a minute an hour", .bursts(rate: 10_000, on: 60, every: 3600)),
        ("100/s, 10 to 190 in a day", .daily(rate: 100)),
    ]

    static var all: [TagCase] {
        shapes.flatMap { shape in reserves.map { TagCase(name: shape.name, shape: shape.shape, reserve: $0) } }
    }

    func cost() -> TagCost {
        var plan = HostPlan(rules: .defaults(reserve: reserve))
        plan.shape = shape
        plan.tags = 4
        plan.spread = 2
        plan.seed = 7
        plan.phase = 600
        // At a low rate one segment lasts for more than a day.
        if shape.mean < 0.1 { return TagCost(plan, settling: 60, counted: 240, outageMax: 96) }
        if case .daily = shape { return TagCost(plan, settling: 24, counted: 24, outageMax: 24) }
        return TagCost(plan, settling: 12, counted: 12, outageMax: 24)
    }
}

extension Capacity {
    /// What one tag costs, by rate and reserve.
    private func tagTable() async -> [(TagCase, TagCost)] {
        let cases = TagCase.all
        let costs = await Capacity.all(cases) { $0.cost() }
        Text.title("One tag on one host")
        Text.head([
            "a tag's rate", "reserve", "leases in the first hour", "leases an hour, settled", "a segment lasts",
            "IDs a lease", "in stock", "an outage finds stock for",
        ])
        for (row, cost) in zip(cases, costs) {
            Text.row([
                row.name, Text.time(row.reserve), Text.number(cost.leasesInFirstHour), Text.number(cost.leasesPerHour),
                Text.time(cost.life), Text.number(cost.idsPerLease), Text.number(cost.stock),
                cost.outlives.map(Text.time) ?? "over a day",
            ])
        }
        return Array(zip(cases, costs))
    }

    /// Leases a second of the fleet, by tags and rate.
    private func fleetTable(_ costs: [(TagCase, TagCost)]) {
        Text.title("Leases a second of \(Text.count(hosts)) hosts, settled")
        Text.head(
            ["a tag's rate", "reserve"] + [1, 10, 100, 1000].map { $0 == 1 ? "1 tag a host" : "\($0) tags a host" })
        for (row, cost) in costs {
            let cells = [1, 10, 100, 1000].map { tags in
                // No daemon issues more than that.
                Double(tags) * row.shape.mean > 2_000_000
                    ? "–" : Text.number(Double(hosts * tags) * cost.leasesPerHour / 3600)
            }
            Text.row([row.name, Text.time(row.reserve)] + cells)
        }
    }

    /// How many leases share a transaction.
    private func batchTable() async {
        struct Case: Sendable {
            let tags: Int
            let rate: Double
            let reserve: Double
        }
        let cases = [(10, 1.0), (10, 100), (10, 10_000), (100, 1), (100, 100), (100, 10_000), (1000, 1), (1000, 100)]
            .flatMap { tags, rate in [0.0, 1800].map { Case(tags: tags, rate: rate, reserve: $0) } }
        let results = await Capacity.all(cases) { row in
            var plan = HostPlan(rules: .defaults(reserve: row.reserve))
            plan.shape = .constant(row.rate)
            plan.tags = row.tags
            plan.spread = 2
            plan.seed = UInt64(row.tags)
            return TagCost(plan, settling: 1, counted: row.tags < 1000 ? 2 : 1, outageMax: 0)
        }
        Text.title("Leases that share a transaction")
        Text.head(["tags a host", "a tag's rate", "reserve", "leases a transaction", "a host's transactions an hour"])
        for (row, cost) in zip(cases, results) {
            Text.row([
                "\(row.tags)", Text.number(row.rate) + "/s", Text.time(row.reserve), Text.number(cost.leasesPerBatch),
                Text.number(cost.leasesPerHour * Double(row.tags) / cost.leasesPerBatch),
            ])
        }
    }

    /// Mean and peak of the fleet's sum.
    private func peakTable() async {
        struct Case: Sendable {
            let name: String
            let spread: Double
            let within: Int
        }
        let cases = [
            Case(name: "rates differ up to fourfold", spread: 2, within: 600),
            Case(name: "rates differ up to fourfold", spread: 2, within: 1),
            Case(name: "all hosts alike", spread: 1, within: 600), Case(name: "all hosts alike", spread: 1, within: 1),
        ]
        Text.title("The fleet's sum: \(Text.count(hosts)) hosts with 10 tags of 100/s, reserve 30 min")
        Text.head([
            "load", "started within", "leases/s: mean of the first 10 min", "peak", "mean of the third hour", "peak",
        ])
        for row in cases {
            let played = await Capacity.all(Array(0..<16)) { seed in
                var plan = HostPlan(rules: .defaults())
                plan.shape = .steady(rate: 100)
                plan.tags = 10
                plan.spread = row.spread
                plan.seed = UInt64(seed)
                let host = FleetHost(plan)
                host.play(until: 11_400)
                return host.tally
            }
            let sum = FleetSum(played.map(\.leases.counts), hosts: hosts, spread: row.within, seed: 1)
            // Of hosts that differ but were started in one second, too few were played: each stands for hundreds of others,
            // which would lease with it for ever.
            let isPeakKnown = row.within > 1 || row.spread == 1
            Text.row(
                [row.name, Text.time(Double(row.within))]
                    + [sum.mean(0..<600), sum.peak(0..<600), sum.mean(7200..<10_800)].map(Text.number)
                    + [isPeakKnown ? Text.number(sum.peak(7200..<10_800)) : "–"])
        }
    }
}
