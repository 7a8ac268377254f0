import LeafClient

/// Bytes of a request, as a person types it.
func line(_ text: String) -> [UInt8] { Array((text + "\r\n").utf8) }

/// Bytes of a request, as a client library sends it.
func array(_ words: String...) -> [UInt8] {
    Array("*\(words.count)\r\n".utf8) + words.flatMap { Array("$\($0.utf8.count)\r\n\($0)\r\n".utf8) }
}

extension LeafConnection {
    /// A reply's text as it stands on the wire, for short comparisons: `+OK`, `:1`, `-NOTAG no such …`.
    func ask(_ request: String) throws -> String {
        try send(bytes: line(request))
        return try receive().description
    }

    func receive(_ count: Int) throws -> [Reply] {
        try (0..<count).map { _ in try receive() }
    }

    /// Whether the daemon has ended the connection, with nothing left to read.
    func isAtEnd() throws -> Bool {
        do throws(LeafClientError) {
            _ = try receive()
            return false
        } catch {
            guard error.code == .closed else { throw error }
            return true
        }
    }
}
