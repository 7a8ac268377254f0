import Foundation
import FoundationXML
import Testing

@testable import leaf_bench

private func someResults() -> Results {
    var results = Results(name: "peers", title: "Beside others", machine: Machine(versions: ["leafd": "0.1.0"]))
    var table = Table("CPU, <µs> & \"more\"", "A sentence.")
    table.chart = Chart(file: "cpu", axis: "µs", series: ["leafd", "C floor"])
    table.add(["pipeline": 1, "clients": "1, on one core", "leafd": 5.25, "C floor": 3.5])
    table.add(["pipeline": 1, "clients": "50", "leafd": 4.2])
    table.add(["pipeline": 16, "clients": "a|b", "leafd": 0.42, "C floor": 0.25])
    results.tables.append(table)
    results.verdicts = [Verdict(what: "CPU", target: "at most 1.0 × Redis", measured: "1.1 ×", isMet: false)]
    return results
}

/// Counts elements, and keeps what is wrong with a document.
private final class XMLReader: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        counts[name, default: 0] += 1
    }
}

@Suite
struct ReportTests {
    @Test
    func `Results are the same after a round trip through their file`() throws {
        let folder = try WorkFolder()
        try someResults().write(to: folder.path)
        let read = try #require(try Results.read("peers", in: folder.path))
        #expect(read.tables[0].rows[1][3].shown == "–", "what a row leaves out is missing, and not zero")
        #expect(read.tables[0].columns == ["pipeline", "clients", "leafd", "C floor"])
        #expect(read.verdicts.map(\.isMet) == [false])
        #expect(try Results.read("latency", in: folder.path) == nil)
    }

    @Test
    func `The page has the table's rows, the plot and the target that was not met`() {
        let text = Page(results: [someResults()], older: "").text
        #expect(text.contains("| 1 | 1, on one core | 5.25 | 3.50 |"))
        #expect(text.contains("| 1 | 50 | 4.20 | – |"))
        #expect(text.contains("a\\|b"), "a bar in a cell would end it")
        #expect(text.contains("](benchmarks-cpu.svg)"))
        #expect(text.contains("| CPU | at most 1.0 × Redis | 1.1 × | **not met** |"))
        #expect(!text.contains("short run"))
        var quick = someResults()
        quick.isQuick = true
        #expect(Page(results: [quick], older: "").text.contains("short run"))
    }

    @Test
    func `Notes written by hand stay in the page that is made anew`() throws {
        let first = Page(results: [someResults()], older: "").text
        let end = try #require(first.range(of: "<!-- end of the notes -->"))
        let edited = first.replacingCharacters(in: end.lowerBound..<end.lowerBound, with: "## Notes\n\nTried: epoll.\n")
        #expect(Page(results: [someResults()], older: edited).text == edited)
    }

    @Test
    func `The plot is well-formed XML with a bar for each figure and none for a missing one`() throws {
        let table = someResults().tables[0]
        let chart = try #require(table.chart)
        let plot = try #require(BarPlot(table, chart))
        let reader = XMLReader()
        let parser = XMLParser(data: Data(plot.svg.utf8))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        // The ground, two in the legend, and five figures.
        #expect(reader.counts["rect"] == 1 + 2 + 5)
        #expect(plot.svg.contains("prefers-color-scheme: dark"))
    }

    @Test
    func `A chart of columns that are not there is none`() {
        let table = someResults().tables[0]
        #expect(BarPlot(table, Chart(file: "x", axis: "µs", series: ["Redis"])) == nil)
    }
}
