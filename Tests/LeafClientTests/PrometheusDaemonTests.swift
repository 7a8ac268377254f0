import Foundation
import LeafClient
import LeafTestKit
import Testing

@testable import leafctl

/// leafctl's metrics of a leafd that runs.
struct PrometheusDaemonTests {
    /// What is there only in special cases: an error of the store, or a tag that somebody asks for all the time.
    private static let occasional: Set = [
        "leafd_store_errors_total", "leafd_tag_runway_seconds", "leafd_ids_runway_seconds",
    ]

    @Test func `a leafd that has issued IDs tells all that rules and dashboard ask for, and promtool takes it`() throws
    {
        let daemon = try LeafDaemon(
            DaemonSetup(tags: ["{name: orders}", "{name: 'strange\"\\tag'}", "{name: unused}"]))
        #expect(try daemon.connect().next("orders", count: 100).count == 100)
        #expect(try daemon.next("strange\"\\tag") == 1)
        #expect(try daemon.ask("SNOWFLAKE").integer != nil)
        let result = try Tool.run(
            try Tool.product("leafctl"),
            ["stats", "--prometheus", "--socket", daemon.setup.socketPath, "--timeout", "30s"])
        #expect(result.isSuccess, "\(result.errors)")
        let check = try Promtool.run(["check", "metrics"], input: result.output)
        #expect(check.isSuccess && check.errors.isEmpty, "\(check.output)\(check.errors)")
        let issued = result.lines.filter { $0.contains("_ids_issued_total") && !$0.hasPrefix("#") }
        #expect(
            Set(issued) == [
                "leafd_ids_issued_total 101", "leafd_snowflake_ids_issued_total 1",
                #"leafd_tag_ids_issued_total{tag="orders"} 100"#,
                #"leafd_tag_ids_issued_total{tag="strange\"\\tag"} 1"#,
            ])
        let told = Set(result.lines.filter { !$0.hasPrefix("#") }.map { String($0.prefix { $0 != " " && $0 != "{" }) })
        for file in ["Config/prometheus/leafd.rules.yml", "Config/grafana/leafd.json"] {
            let asked = Set(try ProjectFile(file).text().matches(of: /leafd_[a-z0-9_]+/).map { String($0.output) })
            #expect(asked.subtracting(Self.occasional).subtracting(told) == [], "\(file)")
        }
    }
}
