/// For asynchronous code. No thread waits: the task does.
///
/// The calls run on their caller's executor, and so does what follows them.
extension LeafClient {
    /// The next ID of a tag.
    ///
    /// One ID costs a round trip; where many are needed, use ``next(_:count:timeout:)`` or an ``IDPool``.
    ///
    /// - Parameters:
    ///   - tag: 1 to 128 bytes of printable UTF-8, without space or control characters.
    ///   - timeout: for this call; nil: the client's ``LeafClient/timeout``.
    /// - Throws: ``LeafClientError``, or `CancellationError` when the task is cancelled: the wait ends, and what
    ///   arrives later is a gap.
    public nonisolated(nonsending) func next(_ tag: String, timeout: Duration? = nil) async throws -> Int64 {
        try check(tag: tag)
        let request = Request.next(tag: tag)
        return try id(await reply(to: request, timeout), request)
    }

    /// The next IDs of a tag, in one request, ascending. All of them or none.
    ///
    /// - Parameters:
    ///   - tag: 1 to 128 bytes of printable UTF-8, without space or control characters.
    ///   - count: how many, from 1 to leafd's `server.max-batch` (100,000 by default).
    ///   - timeout: for this call; nil: the client's ``LeafClient/timeout``.
    /// - Throws: ``LeafClientError``, or `CancellationError` when the task is cancelled: the wait ends, and what
    ///   arrives later is a gap.
    public nonisolated(nonsending) func next(_ tag: String, count: Int, timeout: Duration? = nil) async throws
        -> [Int64]
    {
        try check(tag: tag)
        try check(count: count)
        let request = Request.nextCount(tag: tag, count)
        return try ids(await reply(to: request, timeout), request, count)
    }

    /// Ranges that together hold as many IDs of a tag as are asked for, in one request, for the caller to deal out.
    ///
    /// One million IDs are a reply of a few bytes: ``IDPool`` makes use of that.
    ///
    /// - Parameters:
    ///   - tag: 1 to 128 bytes of printable UTF-8, without space or control characters.
    ///   - count: how many, from 1 to leafd's `server.max-batch` (100,000 by default).
    ///   - timeout: for this call; nil: the client's ``LeafClient/timeout``.
    /// - Throws: ``LeafClientError``, or `CancellationError` when the task is cancelled: the wait ends, and what
    ///   arrives later is a gap.
    public nonisolated(nonsending) func lease(_ tag: String, count: Int, timeout: Duration? = nil) async throws
        -> [ClosedRange<Int64>]
    {
        try check(tag: tag)
        try check(count: count)
        let request = Request.lease(tag: tag, count)
        return try ranges(await reply(to: request, timeout), request, count)
    }

    /// An ID made of the time, leafd's worker id and a sequence number: no tag, no database on the way.
    ///
    /// - Parameter timeout: for this call; nil: the client's ``LeafClient/timeout``.
    /// - Throws: ``LeafClientError``, or `CancellationError` when the task is cancelled: the wait ends, and what
    ///   arrives later is a gap.
    public nonisolated(nonsending) func snowflake(timeout: Duration? = nil) async throws -> Int64 {
        let request = Request.snowflake
        return try id(await reply(to: request, timeout), request)
    }

    /// Several snowflakes in one request, ascending.
    ///
    /// - Parameters:
    ///   - count: how many, from 1 to leafd's `server.max-batch` (100,000 by default).
    ///   - timeout: for this call; nil: the client's ``LeafClient/timeout``.
    /// - Throws: ``LeafClientError``, or `CancellationError` when the task is cancelled: the wait ends, and what
    ///   arrives later is a gap.
    public nonisolated(nonsending) func snowflake(count: Int, timeout: Duration? = nil) async throws -> [Int64] {
        try check(count: count)
        let request = Request.snowflakeCount(count)
        return try ids(await reply(to: request, timeout), request, count)
    }

    /// What leafd says of itself.
    ///
    /// - Parameter timeout: for this call; nil: the client's ``LeafClient/timeout``.
    /// - Throws: ``LeafClientError``, or `CancellationError` when the task is cancelled: the wait ends, and what
    ///   arrives later is a gap.
    public nonisolated(nonsending) func health(timeout: Duration? = nil) async throws -> LeafHealth {
        return try health(await reply(to: .health, timeout))
    }

    /// Returns once leafd has answered.
    ///
    /// - Parameter timeout: for this call; nil: the client's ``LeafClient/timeout``.
    /// - Throws: ``LeafClientError``, or `CancellationError` when the task is cancelled: the wait ends, and what
    ///   arrives later is a gap.
    public nonisolated(nonsending) func ping(timeout: Duration? = nil) async throws {
        try expectPong(await reply(to: .ping, timeout))
    }

    private nonisolated(nonsending) func reply(to request: Request, _ timeout: Duration?) async throws -> Reply {
        let call = Call(request, within: timeout ?? self.timeout)
        let link = link
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { link.submit(call, .task($0)) }
        } onCancel: {
            link.cancel(call)
        }
    }
}
