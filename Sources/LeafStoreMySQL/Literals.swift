internal import LeafStoreSQL

extension SQLStatement {
    /// The whole text, with its values as literals that no character set, sql_mode or quote can change.
    var literalText: String {
        var text = self.text.pieces[0]
        for (value, piece) in zip(valuesByPlace, self.text.pieces.dropFirst()) {
            text += value.literal
            text += piece
        }
        return text
    }
}

extension SQLText {
    /// Its first words, for errors: no values are in it.
    var summary: String {
        let text = pieces.joined(separator: "?").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return text.count <= 60 ? text : text.prefix(57) + "…"
    }
}

extension SQLValue {
    var literal: String {
        switch self {
        case .null: "NULL"
        // Else it would be a negation of 2^63, which MySQL takes for a decimal.
        case .integer(.min): "(-9223372036854775807 - 1)"
        case .integer(let number): String(number)
        case .text(""): "_utf8mb4 ''"
        case .text(let text): "_utf8mb4 X'\(text.utf8.map(Self.hex).joined())'"
        case .other(let text): preconditionFailure("never bound: \(text)")
        }
    }
}
