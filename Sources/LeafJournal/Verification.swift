/// What a check of a journal's data file has found.
package enum Verification: Hashable, Sendable {
    /// Every record is what it must be, and so many are tags'.
    case sound(records: Int, sequence: UInt64)
    /// It may not be used; the text says what is wrong with it.
    case damaged(String)
    /// There is no data file, or an empty one.
    case absent
    /// The check did not come to an end; the text says why.
    case unknown(String)

    /// One line of text, from which another process makes the same value.
    package var line: String {
        switch self {
        case .sound(let records, let sequence): "sound \(records) \(sequence)"
        case .damaged(let reason): "damaged \(Verification.oneLine(reason))"
        case .absent: "absent"
        case .unknown(let reason): "unknown \(Verification.oneLine(reason))"
        }
    }

    /// nil for any other line.
    package init?(line: String) {
        // By scalars: a space and a combining mark behind it are one character.
        let words = line.unicodeScalars.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            .map(String.init)
        let rest = words.count > 1 ? words[1] : ""
        switch words.first {
        case "sound":
            let numbers = rest.split(separator: " ")
            guard numbers.count == 2, let records = Int(numbers[0]), let sequence = UInt64(numbers[1]) else {
                return nil
            }
            self = .sound(records: records, sequence: sequence)
        case "damaged": self = .damaged(rest)
        case "absent" where words.count == 1: self = .absent
        case "unknown": self = .unknown(rest)
        default: return nil
        }
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}

/// Checks the journal in a folder that the caller has locked.
package typealias JournalVerifier = @Sendable (_ path: String) -> Verification
