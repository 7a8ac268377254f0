import Foundation
import LeafTestKit
import Testing

@testable import leaf_bench

/// That the benchmarks run, and fill their tables. No figure is judged: on a busy machine they say nothing.
struct QuickRunTests {
    private let folder = TemporaryFolder()

    private func run(_ benchmark: String, _ arguments: [String] = []) throws -> Results {
        let path = folder.file("results")
        let result = try Tool.run(
            Tool.product("leaf-bench"),
            [benchmark, "--quick", "--leafd", Tool.product("leafd"), "--results", path] + arguments,
            atMost: .seconds(180))
        try #require(result.isSuccess, "\(result.errors)")
        return try #require(try Results.read(benchmark, in: path))
    }

    @Test func `an open load during each disturbance leaves no request without an ID`() throws {
        let results = try run("latency")
        #expect(results.isQuick)
        #expect(results.tables.map(\.rows.count) == [Disturbance.allCases.count + 1, 7, 7])
        let errors = try #require(results.verdicts.first { $0.what == "requests without an ID" })
        #expect(errors.measured == "0")
    }

    @Test(.enabled(if: Tool.isThere("sqlite3"), "sqlite3 makes the tags"))
    func `many tags and many connections fill their tables`() throws {
        let results = try run("scale")
        #expect(results.tables.map(\.rows.count) == [6, 5, 2])
        #expect(results.verdicts.count == 4 + 5 + 2)
    }

    @Test func `a benchmark that cannot go on says why, and leaves no folder behind`() throws {
        let result = try Tool.run(Tool.product("leaf-bench"), ["scale", "--quick", "--leafd", "/nowhere/leafd"])
        #expect(!result.isSuccess)
        #expect(result.errors.contains("/nowhere/leafd"))
    }
}
