/// One reply of the daemon, as RESP2 and RESP3 carry it.
package indirect enum Reply: Hashable, Sendable {
    /// `+OK`
    case simple(String)
    /// `-NOTAG no such tag …`: the prefix says which kind, the message what to do.
    case error(prefix: String, message: String)
    /// `:1001`
    case integer(Int64)
    /// `$6 orders`: bytes, since `ECHO` gives back whatever it was given. See `text`.
    case bulk([UInt8])
    case array([Reply])
    /// RESP3 alone, and there only as the reply to `HELLO 3`.
    case map([MapEntry])
    case null

    package struct MapEntry: Hashable, Sendable {
        package let key: Reply
        package let value: Reply

        package init(key: Reply, value: Reply) {
            self.key = key
            self.value = value
        }
    }

    /// A bulk string of text.
    package static func text(_ text: String) -> Reply { .bulk(Array(text.utf8)) }
}

extension Reply {
    /// The text of a simple or bulk string; nil for anything else, and for bytes that are not UTF-8.
    package var text: String? {
        switch self {
        case .simple(let text): text
        case .bulk(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    package var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    package var array: [Reply]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    package var isError: Bool { errorPrefix != nil }

    /// `ERR`, `NOTAG`, `EXHAUSTED`, …
    package var errorPrefix: String? {
        if case .error(let prefix, _) = self { prefix } else { nil }
    }

    /// The value under a key of text in a map.
    package subscript(key: String) -> Reply? {
        guard case .map(let entries) = self else { return nil }
        return entries.first { $0.key.text == key }?.value
    }
}

extension Reply: CustomStringConvertible {
    /// On one line, for error messages and failing tests; long arrays are cut.
    package var description: String {
        switch self {
        case .simple(let text): "+\(text)"
        case .error(let prefix, let message): message.isEmpty ? "-\(prefix)" : "-\(prefix) \(message)"
        case .integer(let value): ":\(value)"
        case .bulk(let bytes): text.map { "\"\($0)\"" } ?? "\(bytes.count) bytes"
        case .array(let elements): "[\(Reply.list(elements.map(\.description)))]"
        case .map(let entries): "{\(Reply.list(entries.map { "\($0.key): \($0.value)" }))}"
        case .null: "null"
        }
    }

    private static func list(_ parts: [String]) -> String {
        let shown = parts.prefix(8).joined(separator: ", ")
        return parts.count > 8 ? "\(shown), … \(parts.count) in all" : shown
    }
}
