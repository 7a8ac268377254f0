import LeafTestKit
import Testing

@testable import leaf_bench

@Suite(.serialized)
struct PoolRunTests {
    @Test func `A short run of the pool ends well, with a row for one thread and one for two`() throws {
        let folder = try WorkFolder()
        let table = try Program.output(
            try Tool.product("leaf-bench"),
            ["pool", "--quick", "--leafd", try Tool.product("leafd"), "--results", folder.path], in: folder)
        #expect(table.contains("IDs dealt by one pool"))
        let results = try #require(try Results.read("pool", in: folder.path))
        #expect(results.isQuick && results.verdicts.count == 2)
        #expect(results.tables.first?.rows.count == 2)
        #expect(results.tables[0].rows.allSatisfy { $0.allSatisfy { $0.shown != "–" } })
    }
}
