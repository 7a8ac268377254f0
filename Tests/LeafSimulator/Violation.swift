/// A rule that was broken, and how.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case duplicate = "an ID was issued twice"
        case overlap = "leases overlap"
        case aboveMark = "issued above the durable mark"
        case notLeased = "issued outside of the leases held"
        case notAscending = "issued in descending order"
        case recovery = "a start would go on below what was issued"
        case loss = "more lost than promised"
        case unanswered = "stock, but no answer"
        case wrongAnswer = "an answer that does not fit its request"
        case stuck = "forgotten by the drivers"
        case notServing = "not served again after the faults"
        case damaged = "an impossible record"
    }

    package let kind: Kind
    package let text: String

    package var description: String { "\(kind.rawValue): \(text)" }
}
