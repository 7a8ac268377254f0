internal import CMariaDB
internal import LeafStoreSQL

/// One statement that the server has prepared. Used while its link is open; freed after it at the latest.
final class PreparedStatement {
    /// Kept, so that its identity is not given to another.
    let text: SQLText
    let handle: UnsafeMutablePointer<MYSQL_STMT>

    init?(_ text: SQLText, on link: UnsafeMutablePointer<MYSQL>) {
        guard let handle = mysql_stmt_init(link) else { return nil }
        self.text = text
        self.handle = handle
    }

    /// Frees the memory. To be called when the link is closed: else the server is told, and libmariadb may wait for that.
    func free() { mysql_stmt_close(handle) }

    /// Binds values for the length of `body`.
    func binding<R>(_ values: [SQLValue], _ body: () -> R) -> R {
        var texts: [UInt8] = []
        var spans: [(start: Int, length: Int)] = []
        var numbers: [Int64] = []
        for value in values {
            var bytes = 0
            if case .text(let text) = value {
                bytes = text.utf8.count
                texts.append(contentsOf: text.utf8)
            }
            spans.append((texts.count - bytes, bytes))
            numbers.append(value.integer ?? 0)
        }
        // An address also where all texts are empty.
        texts.append(0)
        return texts.withUnsafeMutableBytes { texts in
            numbers.withUnsafeMutableBufferPointer { numbers in
                var binds = values.indices.map { index in
                    var bind = MYSQL_BIND()
                    switch values[index] {
                    case .null: bind.buffer_type = MYSQL_TYPE_NULL
                    case .integer:
                        bind.buffer_type = MYSQL_TYPE_LONGLONG
                        bind.buffer = UnsafeMutableRawPointer(numbers.baseAddress! + index)
                    case .text:
                        bind.buffer_type = MYSQL_TYPE_STRING
                        bind.buffer = texts.baseAddress! + spans[index].start
                        bind.buffer_length = UInt(spans[index].length)
                    case .other(let text): preconditionFailure("never bound: \(text)")
                    }
                    return bind
                }
                // libmariadb copies the array, not what it points to.
                if !binds.isEmpty { mysql_stmt_bind_param(handle, &binds) }
                return body()
            }
        }
    }
}
