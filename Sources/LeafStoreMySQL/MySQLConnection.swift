internal import CMariaDB
internal import LeafCore
package import LeafStore
package import LeafStoreSQL
private import LeafThreads

/// A connection to MySQL or MariaDB.
///
/// Statements that return no rows are prepared once and run with bound values; others, and those that go together, travel as
/// text with literals. What counts as acknowledged is read from the OK packet of the very statement: autocommit is on, no
/// transaction is open, and there was no warning.
package final class MySQLConnection: SQLConnection {
    /// Each takes memory of the server, and 16,382 are all it allows for all connections (max_prepared_stmt_count).
    private static let preparedCountMax = 32

    let link: MySQLLink
    private var timeout: Timeout
    /// In bytes: @@max_allowed_packet.
    private var packetBytesMax = 1 << 20
    private(set) var prepared: [ObjectIdentifier: PreparedStatement] = [:]
    /// False once the server has run out of room for prepared statements: then all goes as text.
    private(set) var isPreparing = true
    private var isInTransaction = false

    /// A connection that is yet to be set up, in what is left of the time for connecting.
    init(_ link: MySQLLink, deadline: MonotonicTime, _ connectTimeout: Duration) {
        self.link = link
        timeout = .connect(deadline, connectTimeout)
    }

    /// From now on each call has a time of its own.
    func become(queryTimeout: Duration, packetBytesMax: Int) {
        timeout = .query(queryTimeout)
        self.packetBytesMax = packetBytesMax
    }

    deinit { close() }

    package var isClosed: Bool { link.isClosed }

    package func close() {
        link.close()
        prepared.values.forEach { $0.free() }
        prepared = [:]
    }

    package func run(_ statement: SQLStatement) throws(StoreError) -> SQLReply {
        let call = Call(timeout, "running \(statement.text.summary)")
        return try guarded(call) { () throws(StoreError) in
            let raw =
                if statement.text.returnsRows || !isPreparing {
                    try query(statement.literalText, call, count: 1)[0]
                } else {
                    try execute(statement, call)
                }
            return raw.reply(isAcknowledged: raw.isCommitted)
        }
    }

    package func runTogether(_ statements: [SQLStatement]) throws(StoreError) -> [SQLReply] {
        precondition(!isInTransaction, "a transaction is open")
        let call = Call(timeout, "running \(statements.count) statements as one transaction")
        let text = (["START TRANSACTION"] + statements.map(\.literalText) + ["COMMIT"]).joined(separator: ";")
        return try guarded(call, mayLeaveTransaction: true) { () throws(StoreError) in
            let replies = try query(text, call, count: statements.count + 2)
            let isCommitted = replies[replies.count - 1].isCommitted
            return replies.dropFirst().dropLast().map { $0.reply(isAcknowledged: isCommitted) }
        }
    }

    package func begin() throws(StoreError) {
        precondition(!isInTransaction, "a transaction is open")
        let call = Call(timeout, "beginning a transaction")
        _ = try guarded(call) { () throws(StoreError) in try query("START TRANSACTION", call, count: 1) }
        isInTransaction = true
    }

    package func commit() throws(StoreError) -> Bool {
        let call = Call(timeout, "committing")
        let replies = try guarded(call, mayLeaveTransaction: true) { () throws(StoreError) in
            try query("COMMIT", call, count: 1)
        }
        isInTransaction = false
        return replies[0].isCommitted && replies[0].warningCount == 0
    }

    package func rollback() {
        guard !isClosed, isInTransaction else { return }
        rollback(Call(timeout, "rolling back"))
    }

    /// Runs texts of leafd's own that are sent once, one after the other and each as a transaction by itself.
    func runOnce(_ texts: [String], _ action: String) throws(StoreError) -> [RawReply] {
        let call = Call(timeout, action)
        return try guarded(call) { () throws(StoreError) in
            try query(texts.joined(separator: ";"), call, count: texts.count)
        }
    }

    /// The same; nil after one of these errors of the server.
    func runUnless(_ numbers: [Int], _ texts: [String], _ action: String) throws(StoreError) -> [RawReply]? {
        let call = Call(timeout, action)
        do throws(StoreError) {
            return try query(texts.joined(separator: ";"), call, count: texts.count)
        } catch {
            if let cause = error.cause as? ServerError, numbers.contains(cause.number) { return nil }
            if error.isSessionLost { close() }
            throw error
        }
    }

    // MARK: One call

    private enum Timeout {
        case connect(MonotonicTime, Duration)
        case query(Duration)
    }

    /// One call of the protocol: all of its round trips together have one deadline.
    private struct Call {
        let deadline: MonotonicTime
        let limit: MySQLLink.Limit

        init(_ timeout: Timeout, _ action: String) {
            switch timeout {
            case .connect(let end, let time):
                deadline = end
                limit = MySQLLink.Limit(setting: "store.connect-timeout", time: time, action: action)
            case .query(let time):
                deadline = MonotonicTime.now().advanced(by: time)
                limit = MySQLLink.Limit(setting: "store.query-timeout", time: time, action: action)
            }
        }
    }

    /// After an error either no transaction is open, or the connection is closed.
    private func guarded<T>(
        _ call: Call, mayLeaveTransaction: Bool = false, _ body: () throws(StoreError) -> T
    ) throws(StoreError) -> T {
        do throws(StoreError) {
            return try body()
        } catch {
            if error.isSessionLost {
                close()
            } else if isInTransaction || mayLeaveTransaction {
                rollback(call)
            }
            throw error
        }
    }

    private func rollback(_ call: Call) {
        isInTransaction = false
        do throws(StoreError) {
            let reply = try query("ROLLBACK", call, count: 1)[0]
            if !reply.isCommitted { close() }
        } catch {
            close()
        }
    }

    private func failure(_ error: ServerError, _ call: Call) -> StoreError {
        error.storeError(call.limit.action, link.place)
    }

    // MARK: As text

    /// Sends one text and reads the replies to all of its statements.
    private func query(_ text: String, _ call: Call, count: Int) throws(StoreError) -> [RawReply] {
        let handle = try link.open()
        var bytes = Array(text.utf8CString)
        guard bytes.count < packetBytesMax else {
            throw link.place.error(
                .misconfigured,
                "\(call.limit.action) takes \(bytes.count) bytes at once, and max_allowed_packet is \(packetBytesMax) there: raise it",
                isSessionLost: false)
        }
        var status: Int32 = 0
        let length = UInt(bytes.count - 1)
        // libmariadb keeps the pointer until the call has ended.
        let sent: Result<Void, StoreError> = bytes.withUnsafeMutableBufferPointer { bytes in
            Result { () throws(StoreError) in
                try link.drive(
                    until: call.deadline, call.limit,
                    { mysql_real_query_start(&status, $0, bytes.baseAddress, length) },
                    { mysql_real_query_cont(&status, $0, $1) })
            }
        }
        try sent.get()
        var replies: [RawReply] = []
        replies.reserveCapacity(count)
        while true {
            guard status == 0 else { throw failure(ServerError(handle), call) }
            replies.append(try readReply(handle, call))
            guard mysql_more_results(handle) != 0 else { break }
            try link.drive(
                until: call.deadline, call.limit, { mysql_next_result_start(&status, $0) },
                { mysql_next_result_cont(&status, $0, $1) })
        }
        guard replies.count == count else {
            throw link.place.error(
                .unavailable,
                "\(call.limit.action): \(replies.count) replies instead of \(count); look at the proxies in between")
        }
        return replies
    }

    private func readReply(_ handle: UnsafeMutablePointer<MYSQL>, _ call: Call) throws(StoreError) -> RawReply {
        guard mysql_field_count(handle) > 0 else { return RawReply(okOf: handle) }
        var result: UnsafeMutablePointer<MYSQL_RES>?
        try link.drive(
            until: call.deadline, call.limit, { mysql_store_result_start(&result, $0) },
            { mysql_store_result_cont(&result, $0, $1) })
        guard let result else { throw failure(ServerError(handle), call) }
        defer { mysql_free_result(result) }
        return RawReply(result, of: handle)
    }

    // MARK: Prepared

    private func execute(_ statement: SQLStatement, _ call: Call) throws(StoreError) -> RawReply {
        for attempt in 1...2 {
            guard let ready = try prepare(statement.text, call) else { break }
            var status: Int32 = 0
            let sent: Result<Void, StoreError> = ready.binding(statement.valuesByPlace) {
                Result { () throws(StoreError) in
                    try link.drive(
                        until: call.deadline, call.limit, { _ in mysql_stmt_execute_start(&status, ready.handle) },
                        { mysql_stmt_execute_cont(&status, ready.handle, $1) })
                }
            }
            try sent.get()
            let handle = try link.open()
            if status == 0 {
                guard mysql_stmt_field_count(ready.handle) == 0 else {
                    throw link.place.error(.corrupt, "\(call.limit.action): it returned rows")
                }
                return RawReply(okOf: handle)
            }
            let error = ServerError(of: ready.handle, on: handle)
            // The server has lost the statement, or could not make it fit a table that was altered. In a transaction the
            // former means that it has lost that too.
            let isStale = error.number == 1615 || error.number == 1243 && !isInTransaction
            guard isStale, attempt == 1 else { throw failure(error, call) }
            try forget(ready, call)
        }
        return try query(statement.literalText, call, count: 1)[0]
    }

    /// - Returns: nil if the server has no room for it.
    private func prepare(_ text: SQLText, _ call: Call) throws(StoreError) -> PreparedStatement? {
        if let ready = prepared[ObjectIdentifier(text)] { return ready }
        if prepared.count >= Self.preparedCountMax, let victim = prepared.values.first { try forget(victim, call) }
        let handle = try link.open()
        guard let new = PreparedStatement(text, on: handle) else {
            throw link.place.error(.unavailable, "libmariadb has no memory for a statement; try again later")
        }
        prepared[ObjectIdentifier(text)] = new
        var status: Int32 = 0
        var bytes = Array(text.pieces.joined(separator: "?").utf8CString)
        let length = UInt(bytes.count - 1)
        let sent: Result<Void, StoreError> = bytes.withUnsafeMutableBufferPointer { bytes in
            Result { () throws(StoreError) in
                try link.drive(
                    until: call.deadline, call.limit,
                    { _ in mysql_stmt_prepare_start(&status, new.handle, bytes.baseAddress, length) },
                    { mysql_stmt_prepare_cont(&status, new.handle, $1) })
            }
        }
        try sent.get()
        if status == 0 { return new }
        let error = ServerError(of: new.handle, on: handle)
        try forget(new, call)
        // max_prepared_stmt_count, of all connections together: 10,000 hosts may reach it.
        guard error.number == 1461 else { throw failure(error, call) }
        isPreparing = false
        return nil
    }

    private func forget(_ statement: PreparedStatement, _ call: Call) throws(StoreError) {
        prepared[ObjectIdentifier(statement.text)] = nil
        var status: my_bool = 0
        try link.drive(
            until: call.deadline, call.limit, { _ in mysql_stmt_close_start(&status, statement.handle) },
            { mysql_stmt_close_cont(&status, statement.handle, $1) })
    }
}
