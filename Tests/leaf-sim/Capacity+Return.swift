internal import LeafSimulator

extension Capacity {
    /// What the hosts themselves ask for when the store is back.
    func returnTable() async {
        struct Case: Sendable {
            let name: String
            let shape: LoadShape
            let reserve: Double
            let outage: Double
        }
        let cases = [
            ("1/s", LoadShape.constant(1)), ("100/s", .steady(rate: 100)), ("10,000/s", .steady(rate: 10_000)),
        ]
        .flatMap { name, shape in
            [0.0, 1800, 7200].map { Case(name: name, shape: shape, reserve: $0, outage: 3600) }
        }
        let begin = 6 * 3600.0
        let hosts = await Capacity.all(cases) { row in
            var plan = HostPlan(rules: .defaults(reserve: row.reserve))
            plan.shape = row.shape
            plan.tags = 10
            plan.spread = 2
            plan.seed = 5
            plan.outage = begin..<begin + row.outage
            let host = FleetHost(plan)
            host.play(until: begin + row.outage + 3600)
            return host.tally
        }
        Text.title("A host with 10 tags, after an outage of 1 h")
        Text.head([
            "a tag's rate", "reserve", "first ID refused after", "tries during the outage", "leases in the first 10 s",
            "in the first 10 min", "in the first hour",
        ])
        for (row, tally) in zip(cases, hosts) {
            let back = Int(begin + row.outage)
            Text.row([
                row.name, Text.time(row.reserve), tally.firstRefusalAt.map { Text.time($0 - begin) } ?? "none",
                Text.number(Double(tally.failures)),
                Text.number(Double(tally.leases.sum(back..<back + 10))),
                Text.number(Double(tally.leases.sum(back..<back + 600))),
                Text.number(Double(tally.leases.sum(back..<back + 3600))),
            ])
        }
    }

    /// The fleet's return, second by second, to a store without limits and to those that were measured.
    func herdTable() async {
        struct Case: Sendable {
            let name: String
            let plan: FleetReturn.Plan
        }
        var cases: [Case] = []
        for (name, rate) in [("any", 1e9)] + Capacity.servers {
            for (kind, within) in [
                ("outage ends", nil), ("all started at once", 1.0), ("started within 10 min", 600.0),
            ] as [(String, Double?)] {
                for tags in [1, 10, 100] where rate < 1e9 || tags == 10 {
                    var plan = FleetReturn.Plan()
                    plan.hosts = hosts
                    plan.tags = tags
                    plan.serverRate = rate
                    plan.startedWithin = within
                    plan.watched = 600
                    cases.append(Case(name: "\(kind) | \(tags) | \(name)", plan: plan))
                }
            }
        }
        let returns = await Capacity.all(cases) { FleetReturn($0.plan) }
        Text.title("The return of \(Text.count(hosts)) hosts, each tag due for one lease")
        Text.head([
            "what", "tags a host", "server", "sessions opened in seconds 1, 2, 3, 4, 5",
            "round trips in the busiest second",
            "half of the hosts have leased", "all", "calls timed out", "leases made for nothing",
        ])
        for (row, result) in zip(cases, returns) {
            Text.row([
                row.name, result.connects.prefix(5).map { "\($0)" }.joined(separator: ", "),
                Text.number(Double(result.trips.max() ?? 0)), result.done(share: 0.5).map(Text.time) ?? "not in 10 min",
                result.done(share: 1).map(Text.time) ?? "not in 10 min", Text.count(result.timeouts),
                Text.count(Int(result.wasted)),
            ])
        }
    }
}
