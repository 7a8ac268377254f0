/// Docs/Benchmarks.md.
struct Page {
    let results: [Results]
    /// The page as it was: what was written by hand stays.
    let older: String

    static func file(of chart: Chart) -> String { "benchmarks-\(chart.file).svg" }

    var text: String {
        ([head, machine, targets, notes] + results.map(section)).joined(separator: "\n\n") + "\n"
    }

    // MARK: Parts

    private var head: String {
        let warning = """


            **From a short run (`--quick`): the figures mean little.**
            """
        return """
            # Benchmarks

            Made by `make bench`, which writes this page anew, but for the notes. It builds leafd for release, installs \
            redis-tools, where it is missing, and says on the way how long the rest takes; nothing else should run \
            meanwhile. One benchmark alone: `.build/release/leaf-bench peers` (or `latency`, `scale`, `pool`; `--help` \
            tells what can be varied), then `.build/release/leaf-bench report`.
            """ + (results.contains(where: \.isQuick) ? warning : "")
    }

    private var machine: String {
        let machine = results[0].machine
        let gibibytes = Double(machine.memoryBytes) / 1_073_741_824
        let versions = results.reduce(into: [:]) { $0.merge($1.machine.versions) { $1 } }
        let rows =
            [
                ("processor", "\(machine.processor), \(machine.cores) cores"),
                ("memory", "\(NumberText.number(gibibytes)) GiB"),
                ("system", "\(machine.system), Linux \(machine.kernel)"),
            ] + versions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            + results.map {
                ("`leaf-bench \($0.name)`", "\($0.date); load average before it: \($0.machine.loadBefore)")
            }
        return markdown(["machine", ""], rows.map { [$0.0, $0.1] })
    }

    private var targets: String {
        let rows = results.flatMap(\.verdicts).map {
            [$0.what, $0.target, $0.measured, $0.isMet ? "met" : "**not met**"]
        }
        return rows.isEmpty ? "" : "## Targets\n\n" + markdown(["what", "target", "measured", ""], rows)
    }

    private func section(_ results: Results) -> String {
        (["## \(results.title)"] + results.tables.map(subsection)).joined(separator: "\n\n")
    }

    private func subsection(_ table: Table) -> String {
        let isRight = table.columns.indices.map { column in
            !table.rows.isEmpty && table.rows.allSatisfy { $0[column].isNumber }
        }
        let plot = table.chart.map { ["![\(table.title)](\(Page.file(of: $0)))"] } ?? []
        let parts = ["### \(table.title)", table.sentence]
        return (parts + plot + [markdown(table.columns, table.rows.map { $0.map(\.shown) }, isRight: isRight)])
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    // MARK: Notes

    private static let notesBegin = "<!-- notes: written by hand, and left as they are -->"
    private static let notesEnd = "<!-- end of the notes -->"

    /// What stands between two comments is a person's.
    private var notes: String {
        let lines = older.split(separator: "\n", omittingEmptySubsequences: false)
        guard let begin = lines.firstIndex(of: Page.notesBegin[...]),
            let end = lines.firstIndex(of: Page.notesEnd[...]),
            begin < end
        else { return Page.notesBegin + "\n" + Page.notesEnd }
        return lines[begin...end].joined(separator: "\n")
    }

    // MARK: Markdown

    private func markdown(_ columns: [String], _ rows: [[String]], isRight: [Bool] = []) -> String {
        func line(_ cells: [String]) -> String {
            "| "
                + cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
                .joined(separator: " | ") + " |"
        }
        let rule = columns.indices.map { isRight.indices.contains($0) && isRight[$0] ? "---:" : "---" }
        return ([line(columns), line(rule)] + rows.map(line)).joined(separator: "\n")
    }
}
