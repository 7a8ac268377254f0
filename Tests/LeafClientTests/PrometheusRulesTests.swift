import Foundation
import LeafProtocol
import LeafTestKit
import Testing

@testable import leafctl

/// The alert rules and the dashboard in Config/, against promtool and against what leafctl writes.
struct PrometheusRulesTests {
    private static let rules = ProjectFile("Config/prometheus/leafd.rules.yml")
    private static let ruleTests = ProjectFile("Config/prometheus/leafd.rules.test.yml")
    private static let dashboard = ProjectFile("Config/grafana/leafd.json")
    private static let operations = ProjectFile("Docs/Operations.md")

    /// Every name under which something is to be found in the exposition.
    private static let metrics: Set<String> = {
        var names: Set<String> = []
        for family in LeafMetrics.exposition(of: StatsExample.snapshot(), tags: StatsExample.tags).families {
            names.formUnion(family.samples.map { family.name + $0.suffix })
        }
        return names
    }()

    private func names(in text: String) -> Set<String> {
        Set(text.matches(of: /leafd_[a-z0-9_]+/).map { String($0.output) })
    }

    // MARK: Rules

    @Test func `promtool accepts the rules`() throws {
        let result = try Promtool.run(["check", "rules", Self.rules.path])
        #expect(result.isSuccess, "\(result.output)\(result.errors)")
    }

    @Test func `each alert fires where it should and not elsewhere`() throws {
        let result = try Promtool.run(["test", "rules", Self.ruleTests.path])
        #expect(result.isSuccess, "\(result.output)\(result.errors)")
        let alerts = try Self.rules.text().matches(of: /- alert: (\w+)/).map { String($0.output.1) }
        let tried = try Self.ruleTests.text().matches(of: /alertname: (\w+)/).map { String($0.output.1) }
        #expect(alerts.count >= 20 && Set(alerts).count == alerts.count)
        #expect(alerts.sorted() == tried.sorted(), "every alert is tried")
    }

    @Test func `rules and their tests name only metrics that leafctl writes`() throws {
        #expect(names(in: try Self.rules.text()).subtracting(Self.metrics) == [])
        #expect(names(in: try Self.ruleTests.text()).subtracting(Self.metrics) == [])
    }

    @Test func `each alert says what it is, what to do, and where that is written`() throws {
        let alerts = try Self.rules.text().components(separatedBy: "- alert: ").dropFirst()
        let sections = Set(try Self.operations.text().split(separator: "\n").compactMap(anchor))
        for alert in alerts {
            let name = alert.prefix { !$0.isNewline }
            for key in ["severity: ", "summary: ", "description: ", "runbook_url: "] {
                #expect(alert.contains(key), "\(name) has no \(key)")
            }
            let link = alert.firstMatch(of: /runbook_url: Docs\/Operations\.md#([a-z0-9-]+)\n/)
            let section = try #require(link.map { String($0.output.1) }, "\(name)")
            #expect(sections.contains(section), "\(name): Docs/Operations.md has no section \(section)")
        }
    }

    /// How a heading is linked to.
    private func anchor(_ line: Substring) -> String? {
        guard line.hasPrefix("#") else { return nil }
        let heading = line.drop { $0 == "#" || $0 == " " }.lowercased()
        return String(
            heading.map { $0 == " " ? "-" : $0 }.filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
    }

    // MARK: Dashboard

    @Test func `the dashboard is JSON, and each of its panels asks for metrics that leafctl writes`() throws {
        let text = try Self.dashboard.text()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let panels = try #require(object["panels"] as? [[String: Any]])
        #expect(panels.count > 20)
        #expect(Set(panels.compactMap { $0["id"] as? Int }).count == panels.count)
        for panel in panels where panel["type"] as? String != "row" {
            let targets = try #require(panel["targets"] as? [[String: Any]])
            for target in targets {
                let query = try #require(target["expr"] as? String)
                let asked = names(in: query)
                #expect(!asked.isEmpty && asked.isSubset(of: Self.metrics), "\(query)")
            }
        }
        #expect(names(in: text).subtracting(Self.metrics) == [])
    }

    @Test func `Prometheus can read each of the dashboard's queries`() throws {
        let object = try JSONSerialization.jsonObject(with: Data(try Self.dashboard.text().utf8)) as? [String: Any]
        let panels = object?["panels"] as? [[String: Any]] ?? []
        let queries = panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }.compactMap { $0["expr"] as? String }
        // promtool reads queries as rules; Grafana puts its own variables in first.
        var rules = "groups:\n- name: dashboard\n  rules:\n"
        for (number, query) in queries.enumerated() {
            let filled = query.replacingOccurrences(of: "$__rate_interval", with: "1m")
                .replacingOccurrences(of: "$instance", with: ".*")
            rules += "  - record: query\(number)\n    expr: |-\n      \(filled)\n"
        }
        let folder = LeafTestKit.TemporaryFolder()
        try rules.write(toFile: folder.file("rules.yml"), atomically: false, encoding: .utf8)
        let result = try Promtool.run(["check", "rules", folder.file("rules.yml")])
        #expect(queries.count > 30 && result.isSuccess, "\(result.output)\(result.errors)")
    }

    // MARK: Text

    @Test func `the manual names only metrics that leafctl writes`() throws {
        let tables: Set = ["leafd_agent", "leafd_worker", "leafd_state"]
        let named = Set(try Self.operations.text().matches(of: /`(leafd_[a-z0-9_]+)[`{]/).map { String($0.output.1) })
        let metrics = Self.metrics.union(["leafd_request_duration_seconds"])
        #expect(named.count > 10)
        #expect(named.subtracting(tables).subtracting(metrics) == [])
    }
}
