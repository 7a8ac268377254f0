import CPostgres
import LeafCore
import LeafStore
import LeafStoreSQL

/// One connection over libpq: asynchronous, in pipeline mode, with unnamed statements only.
///
/// - Unnamed statements, since behind pgbouncer the next one may go to another session.
/// - In pipeline mode, since what is sent up to one synchronization is one transaction in one round trip, and libpq's way
///   is then the same for one statement and for a thousand.
final class PostgreSQLConnection: SQLConnection {
    let peer: Peer
    private let timeout: Duration
    private let interrupt: Interrupt
    private var handle: OpaquePointer?
    private let notices = Notices()
    private var texts: [ObjectIdentifier: (text: SQLText, numbered: NumberedText)] = [:]
    /// What makes each transaction safe where a pooler may give each to another session. Nil: the session is set up.
    private var prelude: SQLStatement?

    /// Connects, logs in and sets the session up.
    init(_ peer: Peer, _ login: ServerLogin, _ interrupt: Interrupt) throws(StoreError) {
        self.peer = peer
        self.interrupt = interrupt
        timeout = login.queryTimeout
        let deadline = Deadline(in: login.connectTimeout, "store.connect-timeout", interrupt)
        let handle = try Login.open(peer, login, deadline)
        self.handle = handle
        notices.listen(to: handle)
        guard PQenterPipelineMode(handle) == 1 else {
            throw broken("setting the session up")
        }
        let setup = SessionSetup(queryTimeout: login.queryTimeout)
        let outcomes = try exchange([setup.statement(backend: PQbackendPID(handle))], by: deadline)
        if outcomes.last?.reply.rows.first?.first != .integer(0) { prelude = setup.prelude }
    }

    deinit { close() }

    /// 150003 is 15.3.
    var serverVersion: Int { handle.map { Int(PQserverVersion($0)) } ?? 0 }

    // MARK: Statements

    func run(_ statement: SQLStatement) throws(StoreError) -> SQLReply {
        try transact([statement]).last!.reply
    }

    func runTogether(_ statements: [SQLStatement]) throws(StoreError) -> [SQLReply] {
        guard !statements.isEmpty else { return [] }
        return try transact(statements).map(\.reply)
    }

    /// - Returns: as many outcomes as statements.
    private func transact(_ statements: [SQLStatement]) throws(StoreError) -> [Outcome] {
        // Within a transaction it has been said already.
        guard let prelude, transactionStatus == PQTRANS_IDLE else { return try exchange(statements) }
        return Array(try exchange([prelude] + statements).dropFirst())
    }

    func begin() throws(StoreError) {
        _ = try exchange([Self.begin] + (prelude.map { [$0] } ?? []))
        guard transactionStatus == PQTRANS_INTRANS else {
            throw lose(peer.error(.unavailable, "BEGIN", "the server is in no transaction afterwards; see its log"))
        }
    }

    func commit() throws(StoreError) -> Bool {
        let outcome = try exchange([Self.commit]).last!
        guard outcome.commandTag == "COMMIT" else {
            throw peer.error(
                .transient, "COMMIT",
                "the server rolled the transaction back (\(outcome.commandTag)); leafd tries again",
                isSessionLost: false)
        }
        return outcome.reply.isAcknowledged
    }

    func rollback() {
        guard handle != nil, transactionStatus != PQTRANS_IDLE else { return }
        _ = try? exchange([Self.rollback])
        if transactionStatus != PQTRANS_IDLE { close() }
    }

    private static let begin = SQLStatement(SQLText("BEGIN ISOLATION LEVEL READ COMMITTED"))
    private static let commit = SQLStatement(SQLText("COMMIT"))
    private static let rollback = SQLStatement(SQLText("ROLLBACK"))

    private var transactionStatus: PGTransactionStatusType { PQtransactionStatus(handle) }

    /// Runs a statement that the server may well refuse, and keeps the session if it does.
    func attempt(_ statement: SQLStatement) throws(StoreError) -> Result<SQLReply, ServerError> {
        try exchange([statement], mayFail: true).map { $0[0].reply }
    }

    /// What was found here makes the session useless.
    func refusal(_ code: StoreError.Code, _ problem: String) -> StoreError { lose(peer.refusal(code, problem)) }

    // MARK: The end

    var isClosed: Bool { handle == nil }

    func close() {
        guard let handle else { return }
        self.handle = nil
        // An idle server is told; the socket does not block, and has room for five bytes.
        if PQtransactionStatus(handle) == PQTRANS_IDLE { PQfinish(handle) } else { Login.discard(handle) }
    }

    /// Closes the connection without a word to the server, which may be in the middle of something: cancelling that
    /// could only take back what may have happened already.
    private func lose(_ error: StoreError) -> StoreError {
        if let handle {
            self.handle = nil
            Login.discard(handle)
        }
        return error
    }

    /// Libpq gave up.
    private func broken(_ action: String) -> StoreError {
        let text = handle.map { String(cString: PQerrorMessage($0)).onOneLine } ?? ""
        return lose(peer.error(from: ServerError(text: text), action))
    }

    // MARK: The exchange

    /// Sends statements and one synchronization, and takes all results in: one round trip.
    ///
    /// Outside of `begin` they are one transaction, which the server commits at the synchronization, or rolls back after the
    /// first error.
    private func exchange(_ statements: [SQLStatement], by deadline: Deadline? = nil) throws(StoreError) -> [Outcome] {
        switch try exchange(statements, by: deadline, mayFail: false) {
        case .success(let outcomes): outcomes
        // Thrown by `conclude`.
        case .failure(let error): throw peer.error(from: error, "running it")
        }
    }

    /// - Parameter mayFail: whether what the server says against it comes back as it is, and the session is kept.
    private func exchange(
        _ statements: [SQLStatement], by deadline: Deadline? = nil, mayFail: Bool
    ) throws(StoreError) -> Result<[Outcome], ServerError> {
        guard let handle else {
            throw peer.error(.unavailable, "using it", "this session is closed; leafd opens another")
        }
        let deadline = deadline ?? Deadline(in: timeout, "store.query-timeout", interrupt)
        let bound = try statements.map { (statement) throws(StoreError) in try bind(statement) }
        notices.reset()
        for statement in bound {
            guard statement.send(to: handle) else { throw broken(statement.text.label) }
        }
        guard PQpipelineSync(handle) == 1 else { throw broken(bound[0].text.label) }
        var intake = Intake(count: bound.count)
        var isOpen = true
        do throws(Deadline.End) {
            while intake.take(from: handle) == .wantsMore, isOpen {
                // Out and in by turns: a server that cannot hand its results over takes no statements in.
                let isFlushed = PQflush(handle) == 0
                let events = try deadline.wait(PQsocket(handle), for: isFlushed ? .readable : [.readable, .writable])
                // Once more after a failure: the server's last words may have come before it.
                if events.contains(.readable) { isOpen = PQconsumeInput(handle) == 1 }
            }
        } catch {
            throw lose(peer.error(error, bound[intake.position].text.label, deadline))
        }
        return try conclude(intake, bound, handle, mayFail: mayFail)
    }

    private func bind(_ statement: SQLStatement) throws(StoreError) -> BoundStatement {
        let key = ObjectIdentifier(statement.text)
        let numbered = texts[key]?.numbered ?? NumberedText(statement.text)
        if texts[key] == nil {
            // Texts are made once. Should one not be, the others are not kept for ever either.
            if texts.count == 256 { texts = [:] }
            texts[key] = (statement.text, numbered)
        }
        if let bound = BoundStatement(numbered, statement) { return bound }
        throw peer.error(
            .conflict, numbered.label, "a text contains a NUL byte, which PostgreSQL cannot store", isSessionLost: false
        )
    }

    private func conclude(
        _ intake: Intake, _ bound: [BoundStatement], _ handle: OpaquePointer, mayFail: Bool
    ) throws(StoreError) -> Result<[Outcome], ServerError> {
        let label = bound[intake.position].text.label
        guard intake.isComplete else {
            guard let error = intake.error else { throw broken(label) }
            let reason = peer.error(from: error, label)
            throw lose(StoreError(reason.code, reason.message, cause: error, isSessionLost: true))
        }
        if let error = intake.error {
            if mayFail { return .failure(error) }
            let reason = peer.error(from: error, label)
            throw reason.isSessionLost ? lose(reason) : reason
        }
        guard intake.outcomes.count == bound.count else { throw broken(label) }
        // Out of the ReadyForQuery that answered the synchronization.
        let isAcknowledged = transactionStatus == PQTRANS_IDLE && notices.warning == nil
        return .success(
            intake.outcomes.map { outcome in
                var outcome = outcome
                outcome.reply.isAcknowledged = isAcknowledged
                return outcome
            })
    }
}
