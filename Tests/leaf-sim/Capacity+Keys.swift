internal import LeafSimulator

extension Capacity {
    private struct KeyCase: Sendable {
        let name: String
        let rules: StockRules
        var tableStep: Int64 = 1000
    }

    /// What each key does to the leases, to the stock and to an outage.
    func keyTable() async {
        let cases = [
            KeyCase(name: "defaults", rules: .defaults()),
            KeyCase(name: "reserve: 0", rules: .defaults(reserve: 0)),
            KeyCase(name: "reserve: 10m", rules: .defaults(reserve: 600)),
            KeyCase(name: "reserve: 2h", rules: .defaults(reserve: 7200)),
            KeyCase(name: "step of the row 100,000", rules: .defaults(), tableStep: 100_000),
            KeyCase(name: "step of the row 1,000,000", rules: .defaults(), tableStep: 1_000_000),
            KeyCase(name: "max-step: 10000000", rules: .defaults(maxStep: 10_000_000)),
            KeyCase(name: "preload-threshold: 0.5", rules: .defaults(preload: 0.5)),
            KeyCase(name: "short-life: 1h, long-life: 2h", rules: .defaults(shortLife: 3600, longLife: 7200)),
            KeyCase(
                name: "reserve: 0, short-life: 1h, long-life: 2h",
                rules: .defaults(reserve: 0, shortLife: 3600, longLife: 7200)),
        ]
        for rate in [100.0, 10_000] {
            let costs = await Capacity.all(cases) { row in
                var plan = HostPlan(rules: row.rules)
                plan.shape = .steady(rate: rate)
                plan.tableStep = row.tableStep
                plan.tags = 4
                plan.spread = 2
                plan.seed = 3
                return TagCost(plan, settling: 6, counted: 6, outageMax: 12)
            }
            Text.title("Keys: \(Text.count(hosts)) hosts with 10 tags of \(Text.number(rate))/s")
            Text.head([
                "segments:", "leases/s", "a segment lasts", "a tag's stock (lost at a reboot)",
                "an outage finds stock for",
            ])
            for (row, cost) in zip(cases, costs) {
                Text.row([
                    row.name, Text.number(Double(hosts) * 10 * cost.leasesPerHour / 3600), Text.time(cost.life),
                    Text.number(cost.stock), cost.outlives.map(Text.time) ?? "over 12 h",
                ])
            }
        }
    }

    /// What 63 bits are worth, and what is lost of them.
    func bitsTable(_ costs: [(TagCase, TagCost)]) {
        let (year, all) = (365.25 * 86_400, 9.223372036854775807e18)
        Text.title("63 bits: a tag shared by \(Text.count(hosts)) hosts, each rebooted once a week")
        Text.head([
            "a tag's rate on each host", "reserve", "issued a year", "lost in reboots a year", "63 bits last",
            "53 bits last",
        ])
        for (row, cost) in costs where row.reserve > 0 {
            let issued = row.shape.mean * Double(hosts) * year
            let lost = cost.stock * Double(hosts) * 365.25 / 7
            Text.row([
                row.name, Text.time(row.reserve), Text.number(issued), Text.number(lost),
                Text.number(all / (issued + lost)) + " years", Text.number(all / 1024 / (issued + lost)) + " years",
            ])
        }
    }

    /// Load of fleets of several sizes, in parts of one server.
    func sizeTable(_ costs: [(TagCase, TagCost)]) {
        Text.title("Fleets, and their load in percent of one such server")
        Text.head(
            [
                "hosts", "tags a host", "a tag's rate", "reserve", "leases/s", "beats/s", "tag lists/s",
                "rows of tag lists/s",
            ]
                + Capacity.servers.map { "leases and beats, % of \($0.name)" })
        for hosts in [100, 1000, 10_000, 100_000] {
            for (tags, name) in [(10, "0.01/s"), (10, "1/s"), (100, "100/s"), (10, "10,000/s")] {
                for reserve in [0.0, 1800] {
                    guard let cost = costs.first(where: { $0.0.name == name && $0.0.reserve == reserve })?.1 else {
                        continue
                    }
                    let leases = Double(hosts * tags) * cost.leasesPerHour / 3600
                    let (beats, lists) = (Double(hosts) / Capacity.beat, Double(hosts) / Capacity.list)
                    Text.row(
                        [
                            Text.count(hosts), "\(tags)", name, Text.time(reserve), Text.number(leases),
                            Text.number(beats),
                            Text.number(lists), Text.number(lists * Double(tags)),
                        ] + Capacity.servers.map { Text.number((leases + beats) / $0.rate * 100) + " %" })
                }
            }
        }
    }
}
