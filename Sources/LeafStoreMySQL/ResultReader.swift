internal import CMariaDB
internal import LeafStoreSQL

/// What the server answered to one statement, before it is judged.
struct RawReply: Sendable {
    var rows: [[SQLValue]] = []
    var affectedRows: UInt64 = 0
    var insertID: UInt64 = 0
    var serverStatus: UInt32 = 0
    var warningCount: UInt32 = 0

    /// Reads the OK packet that the handle holds.
    init(okOf handle: UnsafeMutablePointer<MYSQL>) {
        affectedRows = handle.pointee.affected_rows
        insertID = handle.pointee.insert_id
        (serverStatus, warningCount) = (handle.pointee.server_status, handle.pointee.warning_count)
    }

    /// Reads a stored result, all of which is in memory.
    init(_ result: UnsafeMutablePointer<MYSQL_RES>, of handle: UnsafeMutablePointer<MYSQL>) {
        (serverStatus, warningCount) = (handle.pointee.server_status, handle.pointee.warning_count)
        let fields = UnsafeBufferPointer(start: mysql_fetch_fields(result), count: Int(mysql_num_fields(result)))
        rows.reserveCapacity(Int(mysql_num_rows(result)))
        while let row = mysql_fetch_row(result), let lengths = mysql_fetch_lengths(result) {
            rows.append(
                fields.indices.map { column in
                    guard let bytes = row[column] else { return .null }
                    return SQLValue(
                        UnsafeRawBufferPointer(start: bytes, count: Int(lengths[column])), of: fields[column])
                })
        }
    }

    /// The transaction is committed, and none is open.
    var isCommitted: Bool {
        serverStatus & UInt32(SERVER_STATUS_AUTOCOMMIT) != 0 && serverStatus & UInt32(SERVER_STATUS_IN_TRANS) == 0
    }

    /// - Parameter isAcknowledged: whether its transaction is.
    func reply(isAcknowledged: Bool) -> SQLReply {
        SQLReply(
            rows: rows, affectedRows: Int(clamping: affectedRows),
            insertID: insertID == 0 ? nil : Int64(exactly: insertID),
            isAcknowledged: isAcknowledged && warningCount == 0)
    }
}

extension SQLValue {
    /// MySQL's number of the character set of bytes.
    private static let binary: UInt32 = 63

    /// A value of the text protocol.
    init(_ bytes: UnsafeRawBufferPointer, of field: MYSQL_FIELD) {
        let text = String(validating: bytes, as: UTF8.self)
        switch field.type {
        case MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_INT24, MYSQL_TYPE_LONG, MYSQL_TYPE_LONGLONG:
            if let number = text.flatMap({ Int64($0) }) {
                self = .integer(number)
                return
            }
        case MYSQL_TYPE_VARCHAR, MYSQL_TYPE_VAR_STRING, MYSQL_TYPE_STRING, MYSQL_TYPE_TINY_BLOB, MYSQL_TYPE_BLOB,
            MYSQL_TYPE_MEDIUM_BLOB, MYSQL_TYPE_LONG_BLOB:
            if field.charsetnr != Self.binary, let text {
                self = .text(text)
                return
            }
        default: break
        }
        self = .other(text ?? "0x" + bytes.prefix(64).map { Self.hex($0) }.joined())
    }

    static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }
}
