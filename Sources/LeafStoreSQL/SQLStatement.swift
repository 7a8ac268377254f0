/// The text of a statement, with `:name` where a value goes. A value may be used at several places.
///
/// Written by leafd alone, never by users: a colon means a parameter but in `::` (PostgreSQL's casts) and between quotes. Made once and kept, so that
/// connections can keep what they prepare of it.
package final class SQLText: Sendable {
    /// The text cut at its parameters: one piece more than there are `names`.
    package let pieces: [String]
    /// The parameters in the order of their places; a name may come several times.
    package let names: [String]
    /// Whether rows come back. Decided by its author: an UPDATE with RETURNING has some.
    package let returnsRows: Bool

    package init(_ source: String, returnsRows: Bool = false) {
        var pieces = [""]
        var names: [String] = []
        var rest = Substring(source)
        var isQuoted = false
        while let character = rest.popFirst() {
            if character == "'" { isQuoted.toggle() }
            guard character == ":", !isQuoted, rest.first != ":" else {
                pieces[pieces.count - 1].append(character)
                if character == ":", !isQuoted { pieces[pieces.count - 1].append(rest.removeFirst()) }
                continue
            }
            let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            rest.removeFirst(name.count)
            names.append(String(name))
            pieces.append("")
        }
        self.pieces = pieces
        self.names = names
        self.returnsRows = returnsRows
    }
}

/// A statement with its values.
package struct SQLStatement: Sendable {
    package let text: SQLText
    private let values: [String: SQLValue]

    /// - Parameter values: one for each name in `text`; more do no harm.
    package init(_ text: SQLText, _ values: [String: SQLValue] = [:]) {
        self.text = text
        self.values = values
    }

    package func value(_ name: String) -> SQLValue {
        guard let value = values[name] else { preconditionFailure("no value for the parameter :\(name)") }
        return value
    }

    /// One value for each place of a parameter.
    package var valuesByPlace: [SQLValue] { text.names.map(value) }
}

/// What a database answered to one statement.
package struct SQLReply: Sendable {
    package var rows: [[SQLValue]]
    /// How many rows it changed, as the reply to this statement says.
    package var affectedRows: Int
    /// MySQL's insert id, out of the OK packet of this statement; nil where there is none or it exceeds 2^63 − 1.
    package var insertID: Int64?
    /// Its transaction is committed and acknowledged, none is left open, and there was no warning.
    package var isAcknowledged: Bool

    package init(rows: [[SQLValue]] = [], affectedRows: Int = 0, insertID: Int64? = nil, isAcknowledged: Bool) {
        self.rows = rows
        self.affectedRows = affectedRows
        self.insertID = insertID
        self.isAcknowledged = isAcknowledged
    }
}
