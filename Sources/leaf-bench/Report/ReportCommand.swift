internal import ArgumentParser
private import Foundation

/// The page, made of what the other benchmarks have found.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Writes Docs/Benchmarks.md, with its plots, from the results of the benchmarks.")

    @Option(help: "The folder with the results.")
    var results = ".build/bench"

    @Option(help: "The folder for the page.")
    var docs = "Docs"

    func run() throws {
        let names = ["peers", "latency", "scale", "pool"]
        let found = try names.compactMap { try Results.read($0, in: results) }
        guard !found.isEmpty else {
            throw Problem("there are no results in \(results): run leaf-bench peers first, or make bench for all")
        }
        let page = docs + "/Benchmarks.md"
        try TextFile.write(Page(results: found, older: TextFile.text(page)).text, to: page)
        for table in found.flatMap(\.tables) {
            guard let chart = table.chart, let plot = BarPlot(table, chart) else { continue }
            try TextFile.write(plot.svg, to: "\(docs)/\(Page.file(of: chart))")
        }
        Progress.say("report: \(page) is written")
    }
}
