import Foundation
import LeafClient
import LeafProtocol
import LeafTestKit
import Testing

@testable import leafctl

/// `leafctl stats --prometheus --output FILE`, as the systemd timer runs it.
struct PrometheusFileTests {
    private func leafctl(_ words: [String]) throws -> Tool.Result {
        try Tool.run(try Tool.product("leafctl"), ["stats", "--timeout", "30s"] + words)
    }

    private static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

    private static func request(_ words: String...) -> String {
        "*\(words.count)\r\n" + words.map(bulk).joined()
    }

    /// Answers STATS and HEALTH, then STATS ALL in pages; between two of them a tag was created, so that one comes twice.
    private static func server() throws -> ScriptedServer {
        let pages = [["a", "b"], ["b", "c"], ["d"]].map { $0.map { StatsExample.tag($0) } }
        return try ScriptedServer { peer in
            try peer.expect(request("STATS") + request("HEALTH"))
            try peer.send(bulk(StatsExample.snapshot().document.jsonText()) + "+DEGRADED the store is away\r\n")
            for (number, page) in pages.enumerated() {
                try peer.expect(request("STATS", "ALL", "\(number * 2)"))
                let next = number + 1 < pages.count ? "\(number * 2 + 2)" : nil
                try peer.send(bulk(StatsPage(cursor: next, tags: page).jsonText()))
            }
        }
    }

    @Test func `all pages are asked for, and a tag that comes twice is written once`() throws {
        let server = try Self.server()
        let result = try leafctl(["--prometheus", "--socket", server.path])
        #expect(result.isSuccess, "\(result.errors)")
        let stocks = result.lines.filter { $0.hasPrefix("leafd_tag_stock{") }
        #expect(stocks == ["a", "b", "c", "d"].map { "leafd_tag_stock{tag=\"\($0)\"} 1000" })
        #expect(result.lines.contains(#"leafd_health{state="degraded"} 1"#))
        #expect(try Promtool.run(["check", "metrics"], input: result.output).isSuccess)
    }

    @Test func `a file is replaced as a whole, readable by everybody, and nothing stays beside it`() throws {
        let folder = LeafTestKit.TemporaryFolder()
        let file = folder.file("leafd.prom")
        try "old\n".write(toFile: file, atomically: false, encoding: .utf8)
        let old = try #require(FileHandle(forReadingAtPath: file))
        let server = try Self.server()
        let result = try leafctl(["--prometheus", "--output", file, "--socket", server.path])
        #expect(result.isSuccess && result.output.isEmpty, "\(result.errors)")
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("leafd_up 1\n"))
        #expect(try old.readToEnd() == Data("old\n".utf8), "whoever reads the old one is not disturbed")
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["leafd.prom"])
    }

    @Test func `while leafd cannot be asked the file says so, and the exit status as well`() throws {
        let folder = LeafTestKit.TemporaryFolder()
        let file = folder.file("leafd.prom")
        let result = try leafctl(["--prometheus", "--output", file, "--socket", folder.file("none.sock")])
        #expect(result.exit == .code(3))
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("\nleafd_up 0\n") && text.contains("\nleafd_stats_timestamp_seconds "), "\(text)")
        #expect(try Promtool.run(["check", "metrics"], input: text).isSuccess)
    }

    @Test func `a leafd that stops in the middle of its tags is not half written`() throws {
        let folder = LeafTestKit.TemporaryFolder()
        let server = try ScriptedServer { peer in
            try peer.expect(Self.request("STATS") + Self.request("HEALTH"))
            try peer.send(Self.bulk(StatsExample.snapshot().document.jsonText()) + "+OK\r\n")
            try peer.expect(Self.request("STATS", "ALL", "0"))
        }
        let file = folder.file("leafd.prom")
        #expect(try leafctl(["--prometheus", "--output", file, "--socket", server.path]).exit == .code(3))
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("\nleafd_up 0\n"))
    }

    @Test func `a file that cannot be written is an error, and the old one stays`() throws {
        let folder = LeafTestKit.TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("leafd.prom"), withIntermediateDirectories: false)
        let result = try leafctl(
            ["--prometheus", "--output", folder.file("leafd.prom"), "--socket", folder.file("none.sock")])
        #expect(result.exit == .code(74) && result.errors.contains("leafd.prom"), "\(result.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["leafd.prom"])
        let nowhere = try leafctl(["--prometheus", "--output", folder.file("no/leafd.prom"), "--socket", "/none"])
        #expect(nowhere.exit == .code(74), "\(nowhere.errors)")
    }

    @Test(arguments: [
        ["--json", "--prometheus"], ["--watch", "--json"], ["--prometheus", "orders"], ["--watch", "orders"],
        ["--output", "file"], ["--interval", "1s"], ["--watch", "--interval", "1ms"],
        ["--prometheus", "--journal", "/tmp"],
    ])
    func `options that do not go together are wrong usage`(words: [String]) throws {
        let result = try leafctl(words)
        #expect(result.exit == .code(64), "\(result.errors)")
    }
}
