package import LeafCore

/// IDs by their own names. Here an error reply is thrown (`LeafClientError.Code.rejected`).
extension LeafConnection {
    /// The next ID of a tag.
    package func next(_ tag: String) throws(LeafClientError) -> Int64 {
        let reply = try answer(to: ["NEXT", tag])
        guard case .integer(let id) = reply else { throw .unexpected(reply, to: "NEXT", from: path) }
        return id
    }

    /// The next `count` IDs of a tag, in one request: `server.max-batch` of the daemon at most (100,000 by default).
    package func next(_ tag: String, count: Int) throws(LeafClientError) -> [Int64] {
        let reply = try answer(to: ["NEXT", tag, String(count)])
        guard let ids = reply.integers, ids.count == count else {
            throw .unexpected(reply, to: "NEXT", from: path)
        }
        return ids
    }

    /// Ranges of together `count` IDs, for the caller to deal out.
    package func lease(_ tag: String, count: Int64) throws(LeafClientError) -> [IDRange] {
        let reply = try answer(to: ["LEASE", tag, String(count)])
        guard let ranges = reply.ranges(together: count) else { throw .unexpected(reply, to: "LEASE", from: path) }
        return ranges.map { IDRange(first: $0.lowerBound, last: $0.upperBound) }
    }

    /// Sends a command, and throws if the reply is an error.
    package func answer(to words: [String]) throws(LeafClientError) -> Reply {
        let reply = try command(words)
        guard reply.isError else { return reply }
        throw .rejection(reply, at: path)
    }
}
