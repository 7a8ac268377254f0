internal import CLeafPlatform

extension LeafClient {
    /// The same calls for code that is not asynchronous: they block their thread.
    ///
    /// They stand apart so that none is called from a task by accident, where it would hold up other tasks.
    public var blocking: Blocking { Blocking(client: self) }

    /// Calls that block their thread until the reply has come, or the deadline has.
    public struct Blocking: Sendable {
        private let client: LeafClient

        init(client: LeafClient) {
            self.client = client
        }

        /// The next ID of a tag.
        ///
        /// One ID costs a round trip; where many are needed, use ``next(_:count:timeout:)`` or an ``IDPool``.
        ///
        /// - Parameters:
        ///   - tag: 1 to 128 bytes of printable UTF-8, without space or control characters.
        ///   - timeout: for this call; nil: the client's ``LeafClient/timeout``.
        /// - Throws: ``LeafClientError``.
        public func next(_ tag: String, timeout: Duration? = nil) throws(LeafClientError) -> Int64 {
            try client.check(tag: tag)
            let request = Request.next(tag: tag)
            return try client.id(reply(to: request, timeout), request)
        }

        /// The next IDs of a tag, in one request, ascending. All of them or none.
        ///
        /// - Parameters:
        ///   - tag: 1 to 128 bytes of printable UTF-8, without space or control characters.
        ///   - count: how many, from 1 to leafd's `server.max-batch` (100,000 by default).
        ///   - timeout: for this call; nil: the client's ``LeafClient/timeout``.
        /// - Throws: ``LeafClientError``.
        public func next(_ tag: String, count: Int, timeout: Duration? = nil) throws(LeafClientError) -> [Int64] {
            try client.check(tag: tag)
            try client.check(count: count)
            let request = Request.nextCount(tag: tag, count)
            return try client.ids(reply(to: request, timeout), request, count)
        }

        /// Ranges that together hold as many IDs of a tag as are asked for, in one request, for the caller to deal out.
        ///
        /// One million IDs are a reply of a few bytes: ``IDPool`` makes use of that.
        ///
        /// - Parameters:
        ///   - tag: 1 to 128 bytes of printable UTF-8, without space or control characters.
        ///   - count: how many, from 1 to leafd's `server.max-batch` (100,000 by default).
        ///   - timeout: for this call; nil: the client's ``LeafClient/timeout``.
        /// - Throws: ``LeafClientError``.
        public func lease(_ tag: String, count: Int, timeout: Duration? = nil) throws(LeafClientError) -> [ClosedRange<
            Int64
        >] {
            try client.check(tag: tag)
            try client.check(count: count)
            let request = Request.lease(tag: tag, count)
            return try client.ranges(reply(to: request, timeout), request, count)
        }

        /// An ID made of the time, leafd's worker id and a sequence number: no tag, no database on the way.
        ///
        /// - Parameter timeout: for this call; nil: the client's ``LeafClient/timeout``.
        /// - Throws: ``LeafClientError``.
        public func snowflake(timeout: Duration? = nil) throws(LeafClientError) -> Int64 {
            let request = Request.snowflake
            return try client.id(reply(to: request, timeout), request)
        }

        /// Several snowflakes in one request, ascending.
        ///
        /// - Parameters:
        ///   - count: how many, from 1 to leafd's `server.max-batch` (100,000 by default).
        ///   - timeout: for this call; nil: the client's ``LeafClient/timeout``.
        /// - Throws: ``LeafClientError``.
        public func snowflake(count: Int, timeout: Duration? = nil) throws(LeafClientError) -> [Int64] {
            try client.check(count: count)
            let request = Request.snowflakeCount(count)
            return try client.ids(reply(to: request, timeout), request, count)
        }

        /// What leafd says of itself.
        ///
        /// - Parameter timeout: for this call; nil: the client's ``LeafClient/timeout``.
        /// - Throws: ``LeafClientError``.
        public func health(timeout: Duration? = nil) throws(LeafClientError) -> LeafHealth {
            return try client.health(reply(to: .health, timeout))
        }

        /// Returns once leafd has answered.
        ///
        /// - Parameter timeout: for this call; nil: the client's ``LeafClient/timeout``.
        /// - Throws: ``LeafClientError``.
        public func ping(timeout: Duration? = nil) throws(LeafClientError) {
            try client.expectPong(reply(to: .ping, timeout))
        }

        private func reply(to request: Request, _ timeout: Duration?) throws(LeafClientError) -> Reply {
            let call = Call(request, within: timeout ?? client.timeout)
            let parker = leaf_parker_own()!
            leaf_parker_prepare(parker)
            client.link.submit(call, .thread(parker))
            // The link ends every call at its deadline.
            _ = leaf_parker_wait(parker, .max)
            guard let outcome = call.outcome else { preconditionFailure("a call was ended without an outcome") }
            return try outcome.get()
        }
    }
}
