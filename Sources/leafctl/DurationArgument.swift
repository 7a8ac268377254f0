internal import ArgumentParser

/// A duration as the configuration file writes it: a whole number and its unit, `ms`, `s`, `m` or `h`.
func duration(argument text: String) throws -> Duration {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int64(digits), number > 0, number <= 1_000_000 else { throw invalid(text) }
    switch text.dropFirst(digits.count) {
    case "ms": return .milliseconds(number)
    case "s": return .seconds(number)
    case "m": return .seconds(60 * number)
    case "h": return .seconds(3600 * number)
    default: throw invalid(text)
    }
}

private func invalid(_ text: String) -> ValidationError {
    ValidationError(
        "\"\(text)\" is not a duration: give a number from 1 to 1000000 and a unit, as in 500ms, 2s, 1m, 1h")
}
