#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A value that a STATS reply carries: one JSON object.
package protocol StatsJSON: Codable, Hashable, Sendable {}

extension StatsJSON {
    /// The object as JSON: every key, in alphabetical order, on one line.
    package func jsonText() -> String {
        text([.sortedKeys, .withoutEscapingSlashes])
    }

    /// The same for people: indented, one key a line.
    package func prettyJSONText() -> String {
        text([.sortedKeys, .withoutEscapingSlashes, .prettyPrinted])
    }

    /// Reads the object back. Keys it does not know are ignored, and keys that are missing are unknown.
    ///
    /// - Throws: `StatsError` where the text is no JSON object, or a known key has a value of another type.
    package init(json: String) throws(StatsError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(json.utf8))
        } catch {
            throw StatsError(cause: error)
        }
    }

    private func text(_ format: JSONEncoder.OutputFormatting) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = format
        do {
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            // Encoding fails only for what JSON cannot hold, which `StatsValue.isUnknown` has turned into null.
            preconditionFailure("a STATS value that JSON cannot hold: \(error)")
        }
    }
}

/// A STATS reply that cannot be read.
package struct StatsError: Error, CustomStringConvertible {
    package let cause: any Error

    package var description: String {
        switch cause {
        case DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty,
            DecodingError.valueNotFound(_, let context) where !context.codingPath.isEmpty,
            DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
            return
                "STATS cannot be read: the value of \(path) is not of the expected type; are leafctl and leafd of one version?"
        default:
            return "STATS cannot be read: the reply is not a JSON object; is this socket leafd's?"
        }
    }
}
