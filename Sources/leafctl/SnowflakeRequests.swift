internal import LeafClient
internal import LeafProtocol

/// Snowflakes by their own names, as `LeafConnection` has them for tags. An error reply is thrown.
extension LeafConnection {
    /// One snowflake.
    ///
    /// - Parameter worker: the worker id that it must be made with; nil: any that leafd holds.
    func snowflake(worker: Int64?) throws(LeafClientError) -> Int64 {
        let reply = try answer(to: ["SNOWFLAKE"] + words(worker))
        guard case .integer(let id) = reply else { throw .unexpected(reply, to: "SNOWFLAKE", from: path) }
        return id
    }

    /// `count` snowflakes in one request.
    func snowflakes(_ count: Int, worker: Int64?) throws(LeafClientError) -> [Int64] {
        let reply = try answer(to: ["SNOWFLAKE", String(count)] + words(worker))
        let ids = reply.array?.compactMap(\.integer)
        guard let ids, ids.count == count, reply.array?.count == count else {
            throw .unexpected(reply, to: "SNOWFLAKE", from: path)
        }
        return ids
    }

    /// Takes IDs apart, with the epoch and the layout that leafd has.
    func decode(_ ids: [Int64]) throws(LeafClientError) -> [DecodedID] {
        var decoded: [DecodedID] = []
        for id in ids {
            let reply = try answer(to: ["DECODE", String(id)])
            guard let values = integersByName(reply), let parts = DecodedID(id: id, values: values) else {
                throw .unexpected(reply, to: "DECODE", from: path)
            }
            decoded.append(parts)
        }
        return decoded
    }

    /// Who holds which worker id.
    func workers() throws(LeafClientError) -> [WorkerListing] {
        let reply = try answer(to: ["WORKERS"])
        let rows = reply.array?.compactMap(WorkerListing.init)
        guard let rows, rows.count == reply.array?.count else { throw .unexpected(reply, to: "WORKERS", from: path) }
        return rows
    }

    private func words(_ worker: Int64?) -> [String] { worker.map { ["WORKER", String($0)] } ?? [] }

    /// `name value name value…`; nil for anything that is not that. Values that are no integers are left out.
    private func integersByName(_ reply: Reply) -> [String: Int64]? {
        guard let elements = reply.array, elements.count.isMultiple(of: 2) else { return nil }
        var values: [String: Int64] = [:]
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let name = elements[index].text else { return nil }
            values[name] = elements[index + 1].integer
        }
        return values
    }
}

extension WorkerListing {
    /// One row as it comes off the wire; a newer leafd may have more columns than these.
    fileprivate init?(_ reply: Reply) {
        guard let row = reply.array, row.count >= 7, let worker = row[0].integer, let generation = row[1].integer,
            let holder = row[2].text, let machine = row[3].text, let host = row[4].text,
            let lastTime = row[5].integer, let state = row[6].text
        else { return nil }
        self.init(
            worker: worker, generation: generation, holder: holder, machine: machine, host: host, lastTime: lastTime,
            state: State(rawValue: state))
    }
}
