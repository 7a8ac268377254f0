import LeafClient
import LeafTestKit
import Testing

extension FleetSuite {
    /// A cold tag that is wanted by everybody at once.
    @Suite("A sudden demand", .enabled(if: !ServerKind.available.isEmpty, "\(ServerKind.obstacle)"))
    struct DemandTests {
        /// Nothing but the defaults; the kit's patience would hide what this is about.
        private static let settings = ["segments.wait-timeout=1s"]

        @Test(
            "0 to 200,000 IDs a second at default settings meets no timeout and no refusal, near and far from the server",
            arguments: ServerKind.available, [0, 10])
        func burst(_ kind: ServerKind, delay: Int) throws {
            let server = try kind.makeServer()
            let proxy = try FaultProxy(to: server.port)
            proxy.delay(by: .milliseconds(delay))
            // A machine that hangs for a second looks like a timeout; one that is due comes every time.
            let tries = 3
            let tags = (0..<tries).map { "cold-\($0)" }
            let fleet = DaemonFleet(
                url: server.url(port: proxy.port), tags: tags.map { "{name: \($0)}" }, settings: Self.settings)
            try fleet.add().waitUntilServing()
            try eventually("the tags are known") { try fleet[0].ask("TAGS").array?.count == tries }
            var errors: [String: Int] = [:]
            for tag in tags {
                errors = try demand(tag, fleet, "\(kind.rawValue), \(2 * delay) ms away")
                if errors.isEmpty { break }
            }
            #expect(errors == [:])
            fleet.expectNoDuplicates()
        }

        /// 200,000 IDs a second for a while: half of them one by one in pipelines, half in hundreds.
        private func demand(_ tag: String, _ fleet: DaemonFleet, _ title: String) throws -> [String: Int] {
            let single = (0..<4).map {
                FleetClient(of: fleet[0], $0, number: $0, tags: [tag], width: 250, every: .milliseconds(10))
            }
            let many = (4..<8).map {
                FleetClient(
                    of: fleet[0], $0, number: $0, tags: [tag], .nextMany(100), width: 5, every: .milliseconds(20))
            }
            let load = FleetLoad(fleet.ledger)
            let time = try elapsed {
                try load.run(single + many) {
                    try load.waitForMore(Int(20_000 * soakScale), from: 0..<8)
                }
            }
            let rate = Int(Double((0..<8).map { load.count(of: $0) }.reduce(0, +)) / time.seconds)
            let waits = (0..<8).map { load.takeLongestWait(of: $0) }
            figure(
                "\(title): a cold tag at \(rate) IDs/s, longest wait \((waits.prefix(4).max() ?? .zero).shown) in pipelines, "
                    + "\((waits.suffix(4).max() ?? .zero).shown) for hundreds, errors \(load.errors)")
            return load.errors
        }
    }
}
