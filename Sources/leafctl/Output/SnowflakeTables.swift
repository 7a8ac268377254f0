internal import LeafCore
internal import LeafProtocol

/// `leafctl decode` for people: an ID a line.
enum DecodeTable {
    static func lines(_ ids: [DecodedID], _ style: Style) -> [String] {
        let rows = ids.map { [String($0.id), $0.iso8601, String($0.parts.worker), String($0.parts.sequence)] }
        return PlainTable(columns: [("ID", .right), ("TIME", .left), ("WORKER", .right), ("SEQUENCE", .right)])
            .lines(rows, style)
    }
}

/// `leafctl workers` for people: a worker id a line.
enum WorkersTable {
    static func lines(_ workers: [WorkerListing], _ style: Style) -> [String] {
        let rows = workers.map { worker in
            [
                String(worker.worker), worker.state.rawValue + (worker.machine.isEmpty ? "" : ", static"),
                UTCTime(milliseconds: worker.lastTime).iso8601Seconds, String(worker.generation),
                Columns.fit(worker.host.isEmpty ? "-" : worker.host, 18),
                worker.holder.isEmpty ? "-" : worker.holder,
            ]
        }
        return PlainTable(
            columns: [
                ("WORKER", .right), ("STATE", .left), ("UNTIL (UTC)", .left), ("GEN", .right), ("HOST", .left),
                ("HOLDER", .left),
            ]
        ).lines(rows, style)
    }
}

/// A heading, and rows below it, each column as wide as it must be; of the last one, what fits.
struct PlainTable {
    enum Side {
        case left, right
    }

    let columns: [(name: String, side: Side)]
    private static let gap = "  "

    func lines(_ rows: [[String]], _ style: Style) -> [String] {
        var widths = columns.indices.map { column in
            ([columns[column].name] + rows.map { $0[column] }).map(Columns.width).max() ?? 0
        }
        let others = widths.dropLast().reduce(0) { $0 + $1 + PlainTable.gap.count }
        widths[widths.count - 1] = min(widths[widths.count - 1], max(8, Columns.width - others))
        let line = { (cells: [String]) in
            var text = ""
            for (index, cell) in cells.enumerated() {
                let isLast = index == cells.count - 1
                let fitted = isLast ? Columns.fit(cell, widths[index]) : cell
                if index > 0 { text += PlainTable.gap }
                switch columns[index].side {
                case .right: text += Columns.right(fitted, widths[index])
                case .left: text += isLast ? fitted : Columns.left(fitted, widths[index])
                }
            }
            return text
        }
        return [style.bold(line(columns.map(\.name)))] + rows.map(line)
    }
}

enum JSONText {
    /// Objects as one array, each on a line of its own: for people who look, and for `grep`.
    static func array(_ objects: [some StatsJSON]) -> String {
        objects.isEmpty ? "[]" : "[" + objects.map { $0.jsonText() }.joined(separator: ",\n ") + "]"
    }
}
