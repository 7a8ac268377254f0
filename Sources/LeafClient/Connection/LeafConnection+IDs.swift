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
        guard let ids = integers(of: reply), ids.count == count else {
            throw .unexpected(reply, to: "NEXT", from: path)
        }
        return ids
    }

    /// Ranges of together `count` IDs, for the caller to deal out.
    package func lease(_ tag: String, count: Int64) throws(LeafClientError) -> [IDRange] {
        let reply = try answer(to: ["LEASE", tag, String(count)])
        guard let ranges = ranges(of: reply, together: count) else { throw .unexpected(reply, to: "LEASE", from: path) }
        return ranges
    }

    /// Sends a command, and throws if the reply is an error.
    package func answer(to words: [String]) throws(LeafClientError) -> Reply {
        let reply = try command(words)
        guard case .error(let prefix, let message) = reply else { return reply }
        throw LeafClientError(.rejected(prefix: prefix), socketPath: path, "\(prefix) \(message)")
    }

    private func integers(of reply: Reply) -> [Int64]? {
        guard let elements = reply.array else { return nil }
        let integers = elements.compactMap(\.integer)
        return integers.count == elements.count ? integers : nil
    }

    /// `first, last, first, last…` with `count` IDs in all; nil for anything that is not that.
    private func ranges(of reply: Reply, together count: Int64) -> [IDRange]? {
        guard let ends = integers(of: reply), ends.count.isMultiple(of: 2) else { return nil }
        var ranges: [IDRange] = []
        var missing = count
        for index in stride(from: 0, to: ends.count, by: 2) {
            guard ends[index] >= 1, ends[index] <= ends[index + 1] else { return nil }
            ranges.append(IDRange(first: ends[index], last: ends[index + 1]))
            // `last - first < missing` rather than a sum: ranges of a confused peer may add up to more than 64 bits.
            guard ends[index + 1] - ends[index] < missing else { return nil }
            missing -= ends[index + 1] - ends[index] + 1
        }
        return missing == 0 ? ranges : nil
    }
}
