import CPostgres
import LeafStoreSQL

/// What a result of libpq holds, in text format.
struct ResultRows {
    /// `PGRES_TUPLES_OK` or `PGRES_COMMAND_OK`.
    let result: OpaquePointer

    /// How many rows the statement changed or returned, by its command tag.
    var affectedRows: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// What was carried out: `COMMIT`, `UPDATE 1`.
    var commandTag: String { String(cString: PQcmdStatus(result)) }

    var values: [[SQLValue]] {
        let types = (0..<PQnfields(result)).map { PQftype(result, $0) }
        return (0..<PQntuples(result)).map { row in
            types.indices.map { column in value(row, Int32(column), types[column]) }
        }
    }

    private func value(_ row: Int32, _ column: Int32, _ type: UInt32) -> SQLValue {
        guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else { return .null }
        let length = Int(PQgetlength(result, row, column))
        let bytes = UnsafeRawBufferPointer(start: start, count: length)
        return Self.decode(bytes, type)
    }

    /// - Parameter type: the column's; a number of any other type than an integer is `.other`, also where it looks like one.
    static func decode(_ bytes: some Collection<UInt8>, _ type: UInt32) -> SQLValue {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            // A database in SQL_ASCII returns what bytes there are.
            return .other(String(decoding: bytes, as: UTF8.self))
        }
        switch type {
        case DataType.int2, DataType.int4, DataType.int8: return Int64(text).map { .integer($0) } ?? .other(text)
        case DataType.bool: return .integer(text == "t" ? 1 : 0)
        case DataType.text, DataType.varchar, DataType.bpchar, DataType.name: return .text(text)
        default: return .other(text)
        }
    }
}
