private import Foundation

/// What one benchmark found: a file `NAME.json` in the folder of results, from which `leaf-bench report` makes the page.
struct Results: Codable, Sendable {
    /// The benchmark's: `peers`, `latency`, `scale`, `pool`.
    var name: String
    /// A heading for people.
    var title: String
    var machine: Machine
    /// ISO 8601, UTC.
    var date: String
    /// Whether it is a short run, whose figures mean little.
    var isQuick: Bool
    var tables: [Table] = []
    /// The targets that this benchmark judges.
    var verdicts: [Verdict] = []

    init(name: String, title: String, machine: Machine, isQuick: Bool = false) {
        self.name = name
        self.title = title
        self.machine = machine
        self.isQuick = isQuick
        date = Date().formatted(.iso8601)
    }

    /// Writes the file, in place of an older one. The folder is made if it is not there.
    @discardableResult
    func write(to folder: String) throws -> String {
        let path = "\(folder)/\(name).json"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw Problem("\(path) cannot be written: \(error.localizedDescription); --results names another folder")
        }
        return path
    }

    /// Nil if there is no such file.
    static func read(_ name: String, in folder: String) throws -> Results? {
        let path = "\(folder)/\(name).json"
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(Results.self, from: data)
        } catch {
            throw Problem("\(path) cannot be read, remove it and run leaf-bench \(name) again: \(error)")
        }
    }
}

/// One table, which answers one question.
struct Table: Codable, Sendable {
    var title: String
    /// What the figures are, and how they came about: a sentence or two, in Markdown.
    var sentence: String
    /// Column by column, with the unit in the name: "p99, µs".
    /// How the page plots it, if it does.
    var chart: Chart?
    private(set) var columns: [String] = []
    private(set) var rows: [[Value]] = []

    init(_ title: String, _ sentence: String) {
        self.title = title
        self.sentence = sentence
    }

    /// Adds a row: `table.add(["clients": 50, "p99, µs": 12.5, "journal": "on disk"])`. The first row fixes the columns;
    /// a later one may leave some out.
    mutating func add(_ row: KeyValuePairs<String, Value>) { add(row.map { ($0.key, $0.value) }) }

    mutating func add(_ row: [(String, Value)]) {
        if rows.isEmpty { columns = row.map(\.0) }
        rows.append(columns.map { column in row.first { $0.0 == column }?.1 ?? .missing })
    }
}

/// Bars made of a table: a panel for each value of its first column, a group of bars for each row.
struct Chart: Codable, Sendable {
    /// The plot goes into `Docs/benchmarks-FILE.svg`.
    var file: String
    /// What the bars' length is, with its unit.
    var axis: String
    /// The columns that become bars.
    var series: [String]
}

/// A cell.
enum Value: Codable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral {
    case text(String)
    case count(Int)
    /// Shown with three significant digits.
    case number(Double)
    case missing

    init(integerLiteral value: Int) { self = .count(value) }
    init(floatLiteral value: Double) { self = .number(value) }
    init(stringLiteral value: String) { self = .text(value) }
    /// Missing if there is none.
    init(_ number: Double?) { self = number.map(Value.number) ?? .missing }
}

/// A target of the project beside what was measured.
struct Verdict: Codable, Sendable {
    /// "server CPU per request, pipeline 1, 50 clients".
    var what: String
    /// "at most 1.0 × Redis".
    var target: String
    /// "1.08 ×".
    var measured: String
    var isMet: Bool
}
