import CPostgres
import LeafStoreSQL

/// The text of a statement with `$1`, `$2` … for its parameters: one number for each name.
struct NumberedText: Sendable {
    let sql: String
    /// The name of each number.
    let names: [String]
    /// How errors call it: its start, which has no values in it.
    let label: String

    init(_ text: SQLText) {
        var names: [String] = []
        var sql = text.pieces[0]
        for (name, piece) in zip(text.names, text.pieces.dropFirst()) {
            let index = names.firstIndex(of: name) ?? names.endIndex
            if index == names.endIndex { names.append(name) }
            sql += "$\(index + 1)" + piece
        }
        self.sql = sql
        self.names = names
        let words = sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        label = words.count > 48 ? words.prefix(48) + "…" : words
    }
}

/// A statement as it is sent: its parameters in text format.
///
/// Integers go as int8 and texts as text. Left to the server, a literal's type would depend on the column, and a number
/// next to an int4 would be one of 32 bits.
struct BoundStatement {
    let text: NumberedText
    private(set) var types: [UInt32] = []
    /// The values one after the other, each with a NUL at its end.
    private(set) var bytes: [UInt8] = []
    /// Where in `bytes` each value starts; nil: NULL.
    private(set) var starts: [Int?] = []

    /// Nil if a text contains a NUL: C would cut it there, and it would name another tag. PostgreSQL has no such texts.
    init?(_ text: NumberedText, _ statement: SQLStatement) {
        self.text = text
        for name in text.names {
            let value: String
            switch statement.value(name) {
            case .null:
                types.append(0)
                starts.append(nil)
                continue
            case .integer(let number):
                types.append(DataType.int8)
                value = String(number)
            case .text(let text):
                guard !text.utf8.contains(0) else { return nil }
                types.append(DataType.text)
                value = text
            case .other(let text):
                preconditionFailure("the parameter :\(name) is bound to \(text), which is neither integer nor text")
            }
            starts.append(bytes.count)
            bytes += value.utf8
            bytes.append(0)
        }
    }

    /// Hands it to libpq, which keeps what the socket does not take at once.
    func send(to connection: OpaquePointer) -> Bool {
        bytes.withUnsafeBytes { bytes in
            let values = starts.map { start in
                start.map { bytes.baseAddress!.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            return PQsendQueryParams(connection, text.sql, Int32(values.count), types, values, nil, nil, 0) == 1
        }
    }
}

/// Object identifiers of PostgreSQL's built-in types (src/include/catalog/pg_type.dat); they never change.
enum DataType {
    static let bool: UInt32 = 16
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let timestamp: UInt32 = 1114
    static let timestamptz: UInt32 = 1184
}
