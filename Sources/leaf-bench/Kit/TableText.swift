/// Results as plain text, for who waits for them at a terminal.
enum TableText {
    /// Writes all tables and verdicts to standard output.
    static func print(_ results: Results) {
        for table in results.tables { Swift.print(text(of: table) + "\n") }
        for verdict in results.verdicts {
            let sign = verdict.isMet ? "met    " : "not met"
            Swift.print("\(sign) \(verdict.what): \(verdict.measured) (target: \(verdict.target))")
        }
    }

    private static func text(of table: Table) -> String {
        let rows = [table.columns] + table.rows.map { $0.map(\.shown) }
        let widths = table.columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let isRight = table.columns.indices.map { column in table.rows.allSatisfy { $0[column].isNumber } }
        let lines = rows.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return isRight[column] ? padding + row[column] : row[column] + padding
            }.joined(separator: "  ")
        }
        return ([table.title] + lines).joined(separator: "\n")
    }
}
