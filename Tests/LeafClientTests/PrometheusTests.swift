import Foundation
import LeafClient
import LeafCore
import LeafProtocol
import LeafTestKit
import Testing

@testable import leafctl

/// `leafctl stats --prometheus`: what it says, and that Prometheus' own tool takes it.
struct PrometheusTests {
    private static let strange = ["a\"b", "back\\slash", "{curly}", "é", "e\u{301}", "番号", "new,line=\"x\"", "100%"]

    private static func exposition() -> Exposition {
        LeafMetrics.exposition(
            of: StatsExample.snapshot(), tags: StatsExample.tags + strange.map { StatsExample.tag($0) })
    }

    private func lines(of text: String, _ metric: String) -> [String] {
        text.split(separator: "\n").map(String.init).filter { $0.hasPrefix(metric + " ") || $0.hasPrefix(metric + "{") }
    }

    // MARK: The format

    @Test(arguments: [true, false])
    func `promtool finds nothing to complain of, neither in all there is nor in leafd's silence`(isUp: Bool) throws {
        let metrics = isUp ? Self.exposition() : LeafMetrics.expositionOfSilence(at: StatsExample.time)
        let result = try Promtool.run(["check", "metrics"], input: metrics.text)
        #expect(result.isSuccess && result.output.isEmpty && result.errors.isEmpty, "\(result.output)\(result.errors)")
    }

    @Test func `promtool would find what is wrong`() throws {
        let wrong = "# HELP leafd_x_total X.\n# TYPE leafd_x_total gauge\nleafd_x_total 1\n"
        #expect(try !Promtool.run(["check", "metrics"], input: wrong).isSuccess)
        #expect(try !Promtool.run(["check", "metrics"], input: "leafd_x{tag=\"a\"b\"} 1\n").isSuccess)
    }

    @Test func `a label's value is escaped`() {
        #expect(MetricText.label("tag", "a\"b\\c\nd") == #"tag="a\"b\\c\nd""#)
        #expect(lines(of: Self.exposition().text, "leafd_tag_stock").contains(#"leafd_tag_stock{tag="a\"b"} 1000"#))
    }

    @Test(arguments: [
        (1.0, "1"), (0.25, "0.25"), (1e-05, "1e-05"), (-3, "-3"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (.nan, "NaN"), (1_763_786_100.5, "1763786100.5"),
    ])
    func `numbers are as Prometheus reads them`(number: Double, text: String) {
        #expect(MetricText.number(number) == text)
    }

    @Test func `every metric has its help and its type, comes once, and is named by the conventions`() {
        let families = Self.exposition().families
        #expect(families.count > 50)
        #expect(Set(families.map(\.name)).count == families.count)
        for family in families {
            #expect(family.name.hasPrefix("leafd_") && family.help.hasSuffix("."), "\(family.name): \(family.help)")
            #expect(family.name.hasSuffix("_total") == (family.kind == .counter), "\(family.name)")
            // By their bytes: Prometheus tells two ways to write é apart, which Swift's String does not.
            let series = Set(family.samples.map { Array(($0.suffix + $0.labels).utf8) })
            #expect(series.count == family.samples.count, "\(family.name)")
        }
    }

    // MARK: What it says

    @Test func `the figures are in base units`() {
        let text = Self.exposition().text
        #expect(lines(of: text, "leafd_up") == ["leafd_up 1"])
        #expect(lines(of: text, "leafd_stats_timestamp_seconds") == ["leafd_stats_timestamp_seconds 1763786100"])
        #expect(lines(of: text, "leafd_store_lease_seconds").contains(#"leafd_store_lease_seconds{stat="p99"} 0.0125"#))
        #expect(
            lines(of: text, "leafd_snowflake_clock_offset_seconds") == ["leafd_snowflake_clock_offset_seconds -0.0015"])
        #expect(lines(of: text, "leafd_journal_map_bytes") == ["leafd_journal_map_bytes 1073741824"])
        #expect(lines(of: text, "leafd_tag_runway_seconds").contains(#"leafd_tag_runway_seconds{tag="orders"} 840"#))
        #expect(!text.contains(#"leafd_tag_runway_seconds{tag="parcels"}"#), "nobody asks for it: it lasts for ever")
        #expect(lines(of: text, "leafd_health").first == #"leafd_health{state="healthy"} 1"#)
        #expect(lines(of: text, "leafd_info")[0].contains(#"version="0.7.0""#))
    }

    @Test func `the histogram is cumulative, in seconds, and ends with all requests`() {
        let text = Self.exposition().text
        #expect(
            lines(of: text, "leafd_request_duration_seconds_bucket").map { $0.split(separator: " ").map(String.init) }
                == [
                    [#"leafd_request_duration_seconds_bucket{le="1e-05"}"#, "1000"],
                    [#"leafd_request_duration_seconds_bucket{le="0.0001"}"#, "1200000"],
                    [#"leafd_request_duration_seconds_bucket{le="0.001"}"#, "1238000"],
                    [#"leafd_request_duration_seconds_bucket{le="2.5"}"#, "1238940"],
                    [#"leafd_request_duration_seconds_bucket{le="+Inf"}"#, "1238948"],
                ])
        #expect(
            lines(of: text, "leafd_request_duration_seconds_count") == ["leafd_request_duration_seconds_count 1238948"])
        #expect(
            lines(of: text, "leafd_request_duration_seconds_sum") == ["leafd_request_duration_seconds_sum 24.305044588"]
        )
    }

    @Test func `an error that has not happened is 0, so that its first one is an increase`() {
        let text = Self.exposition().text
        #expect(lines(of: text, "leafd_errors_total").contains(#"leafd_errors_total{prefix="TIMEOUT"} 0"#))
        #expect(lines(of: text, "leafd_errors_total").contains(#"leafd_errors_total{prefix="EXHAUSTED"} 12"#))
    }

    @Test func `of a tag that nobody has asked for there is no metric, and of one that only failed there are all`() {
        var failed = TagStats(tag: "failed")
        failed.failed = 1
        let text = LeafMetrics.exposition(of: StatsExample.snapshot(), tags: [TagStats(tag: "unused"), failed]).text
        #expect(!text.contains("unused") && text.contains(#"leafd_tag_requests_failed_total{tag="failed"} 1"#))
        #expect(text.contains(#"leafd_tag_stock{tag="failed"} 0"#))
    }

    @Test func `what an older leafd does not tell is left out`() {
        let older = StatsExample.snapshot {
            $0.requestHistogram = StatsHistogram()
            $0.ids = StatsIDs()
            $0.process = StatsProcess()
            $0.connections.limit = nil
        }
        let names = LeafMetrics.exposition(of: older, tags: []).families.map(\.name)
        #expect(names.contains("leafd_connections") && !names.contains("leafd_connections_max"))
        #expect(
            !names.contains { $0.hasPrefix("leafd_ids_") || $0.hasPrefix("leafd_process_") || $0.contains("duration") })
    }
}

/// Prometheus' own checker: $PROMTOOL, or the host's, or the one that `make test` has taken out of Debian's package.
enum Promtool {
    static func run(_ words: [String], input: String = "") throws -> Tool.Result {
        let path =
            ProcessInfo.processInfo.environment["PROMTOOL"] ?? Tool.find("promtool")
            ?? ProjectFile(".build/tools/promtool").path
        return try Tool.run(path, words, input: input)
    }
}
