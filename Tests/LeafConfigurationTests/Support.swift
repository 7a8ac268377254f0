import Foundation
import LeafConfiguration

/// Loads a file's text, as leafd loads `leafd.yaml`.
func load(_ yaml: String, environment: [String: String] = [:], sets: [String] = []) throws -> Configuration {
    try Configuration.load(yaml: yaml, name: "leafd.yaml", environment: environment, sets: sets).configuration
}

/// The lines of the error that loading gives; none where it succeeds.
func problems(
    _ yaml: String = "", environment: [String: String] = [:], sets: [String] = [], now: Int64 = WallClock.milliseconds
) -> [String] {
    do {
        _ = try Configuration.load(yaml: yaml, name: "leafd.yaml", environment: environment, sets: sets, now: now)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

func warnings(
    _ yaml: String = "", environment: [String: String] = [:], sets: [String] = [], now: Int64 = WallClock.milliseconds
) throws -> [String] {
    try Configuration.load(yaml: yaml, name: "leafd.yaml", environment: environment, sets: sets, now: now).warnings
}

/// The text of a file of the checkout, and where it is.
struct CheckoutFile {
    let path: String
    let text: String

    init(_ name: String) throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        path = root.appendingPathComponent(name).path
        text = try String(contentsOfFile: path, encoding: .utf8)
    }

    var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
}
