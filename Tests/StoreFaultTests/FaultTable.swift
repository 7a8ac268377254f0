import Foundation
import LeafTestKit
import Testing

/// What the faults did to the clients, a row each, printed when all are through.
enum FaultTable {
    struct Row: Sendable {
        let store: StoreKind
        let fault: String
        /// Over all daemons and tags.
        let issued: Int
        let duplicates: Int
        /// Of those for whom there is stock.
        let waits: Traffic.Waits
        /// Of those for whom there may be none, while it lasted.
        let poorWait: Duration
        /// From the end of the fault to the first new lease of the slower daemon.
        let recovery: Duration?
        /// How often the daemons connected while it lasted, all together.
        let connections: Int?
    }

    private static let rows = TestLock<[Row]>([])

    static func add(_ row: Row) {
        rows.with { $0.append(row) }
    }

    /// In Markdown.
    static var text: String {
        let head = [
            "store", "fault", "IDs", "twice", "longest wait before", "meanwhile", "after", "refused within",
            "recovered in", "connects",
        ]
        let lines = rows.with { $0 }.map { row in
            [
                "\(row.store)", row.fault, "\(row.issued)", "\(row.duplicates)", row.waits.before.short,
                row.waits.during.short, row.waits.after.short, row.poorWait.short, row.recovery?.short ?? "–",
                row.connections.map(String.init) ?? "–",
            ]
        }
        return ([head, head.map { _ in "---" }] + lines).map { "| \($0.joined(separator: " | ")) |" }
            .joined(separator: "\n")
    }

    static var isEmpty: Bool { rows.with { $0.isEmpty } }
}

extension Trait where Self == FaultTablePrinter {
    static var printingFaultTable: Self { FaultTablePrinter() }
}

/// Prints the table when the suite is through.
struct FaultTablePrinter: SuiteTrait, TestScoping {
    var isRecursive: Bool { false }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        defer { if !FaultTable.isEmpty { print("figure: what the stores' faults did\n\(FaultTable.text)") } }
        try await function()
    }
}
