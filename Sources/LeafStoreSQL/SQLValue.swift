/// A value bound to a statement, or one that came back in a row.
package enum SQLValue: Hashable, Sendable {
    case null
    /// Of a column or expression of an integer type that fits 64 bits, and of no other: a DOUBLE that looks like one is not.
    case integer(Int64)
    case text(String)
    /// What is neither (a decimal, a date, bytes that are no UTF-8), as the database shows it. Never bound.
    case other(String)

    package var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    package var text: String? { if case .text(let text) = self { text } else { nil } }

    /// For error messages.
    package var shown: String {
        switch self {
        case .null: "NULL"
        case .integer(let number): String(number)
        case .text(let text): "'\(text)'"
        case .other(let text): text
        }
    }
}
