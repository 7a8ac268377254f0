import Foundation
import LeafTestKit
import Testing

@testable import leaf_bench

@Suite(.serialized)
struct PeersRunTests {
    @Test
    func `A short comparison with the peers ends well, and its results become a page with plots`() throws {
        let folder = try WorkFolder()
        let benchmark = try Tool.product("leaf-bench")
        let table = try Program.output(
            benchmark, ["peers", "--quick", "--leafd", try Tool.product("leafd"), "--results", folder.path], in: folder)
        #expect(table.contains("Server CPU per request, µs"))
        let results = try #require(try Results.read("peers", in: folder.path))
        #expect(results.isQuick)
        // Two points, of which each has a figure of each peer.
        for table in results.tables.prefix(4) {
            #expect(table.rows.count == 2)
            #expect(table.rows.allSatisfy { $0.allSatisfy { $0.shown != "–" } }, "\(table.title): \(table.rows)")
        }
        #expect(results.verdicts.count == 8)
        _ = try Program.output(benchmark, ["report", "--results", folder.path, "--docs", folder.path], in: folder)
        #expect(TextFile.text(folder.file("Benchmarks.md")).contains("# Benchmarks"))
        #expect(TextFile.text(folder.file("benchmarks-cpu.svg")).hasSuffix("</svg>\n"))
    }

    @Test
    func `A benchmark that is interrupted leaves neither programs nor folders`() throws {
        let folder = try WorkFolder()
        let log = folder.file("log")
        let arguments = ["peers", "--leafd", try Tool.product("leafd"), "--seconds", "600", "--results", folder.path]
        let benchmark = try Program(try Tool.product("leaf-bench"), arguments, output: log, errors: log)
        func children() -> [Int32] {
            TextFile.text("/proc/\(benchmark.pid)/task/\(benchmark.pid)/children").split(separator: " ").compactMap {
                Int32($0)
            }
        }
        // Five servers and the load generator.
        try eventually("it has started everything", within: .seconds(240)) { children().count == 6 }
        let started = children()
        let folders = started.flatMap { pid in
            TextFile.text("/proc/\(pid)/cmdline").split(separator: "\0").compactMap { word in
                word.firstRange(of: "/var/tmp/leaf-bench-").map {
                    word[$0.lowerBound...].split(separator: "/").prefix(3)
                }
            }
        }.map { "/" + $0.joined(separator: "/") }
            // A child that is just being started has still the arguments of leaf-bench, which name this test's own.
            .filter { $0 != folder.path }
        #expect(Set(folders).count >= 5)
        benchmark.signal(2)
        #expect(benchmark.wait() == .code(130))
        #expect(started.filter { FileManager.default.fileExists(atPath: "/proc/\($0)") } == [])
        #expect(folders.filter { FileManager.default.fileExists(atPath: $0) } == [])
    }
}
