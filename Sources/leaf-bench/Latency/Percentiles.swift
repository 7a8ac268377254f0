internal import ArgumentParser

/// Which percentiles to report, as in `50,99,99.9`.
struct Percentiles: Hashable, Sendable, ExpressibleByArgument, CustomStringConvertible {
    /// In percent, ascending.
    let values: [Double]

    /// What the project's targets are about.
    static let usual = Percentiles(argument: "50,99,99.9")!

    init?(argument: String) {
        var values: [Double] = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let value = Double(word), value > 0, value <= 100 else { return nil }
            values.append(value)
        }
        guard !values.isEmpty else { return nil }
        self.values = Array(Set(values)).sorted()
    }

    var description: String { values.map(Percentiles.text).joined(separator: ",") }

    /// `p99.9`, `p50`.
    static func name(_ percent: Double) -> String { "p" + text(percent) }

    private static func text(_ percent: Double) -> String {
        percent == percent.rounded() ? String(Int(percent)) : String(percent)
    }
}
