import CPostgres
import LeafStoreSQL

/// What came of one statement.
struct Outcome {
    var reply: SQLReply
    /// `UPDATE 1`, `COMMIT`.
    var commandTag: String
}

/// Takes the results of one pipeline in, up to its synchronization.
struct Intake {
    enum State {
        /// Nothing more has arrived.
        case wantsMore
        /// The synchronization has been answered, or nothing more will come.
        case ended
    }

    private let count: Int
    /// Acknowledged, none of them, before the answer to the synchronization has been looked at.
    private(set) var outcomes: [Outcome] = []
    /// The first: what follows it was not carried out.
    private(set) var error: ServerError?
    /// The synchronization has been answered.
    private(set) var isComplete = false
    /// How many statements have their result.
    private var answered = 0
    private var failed: Int?
    private var wasAtEnd = false

    init(count: Int) {
        self.count = count
    }

    /// The statement that failed, or else the one whose result is due; the last one for the commit after it.
    var position: Int { min(failed ?? answered, count - 1) }

    /// Takes what has arrived, and never waits for more.
    mutating func take(from handle: OpaquePointer) -> State {
        while !isComplete, PQisBusy(handle) == 0 {
            guard let result = PQgetResult(handle) else {
                // The end of one statement's results. Two at a time: libpq expects nothing more.
                if PQstatus(handle) == CONNECTION_BAD || wasAtEnd { return .ended }
                wasAtEnd = true
                continue
            }
            defer { PQclear(result) }
            wasAtEnd = false
            take(result)
            // The server's last words.
            if let error, error.isFatal { return .ended }
        }
        return isComplete ? .ended : .wantsMore
    }

    private mutating func take(_ result: OpaquePointer) {
        switch PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC:
            isComplete = true
            return
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            let rows = ResultRows(result: result)
            outcomes.append(
                Outcome(
                    reply: SQLReply(rows: rows.values, affectedRows: rows.affectedRows, isAcknowledged: false),
                    commandTag: rows.commandTag))
        case PGRES_PIPELINE_ABORTED:
            break
        default:
            if error == nil {
                error = ServerError(of: result)
                failed = answered
            }
        }
        answered += 1
    }
}
