/// One life of a daemon: the real machines, and drivers that carry out one step at a time.
struct SimulatedDaemon {
    let life: Int
    let recovery: Recovery
    /// By what names it goes, as far as they are durable.
    var header: JournalHeader
    var trace: AgentTrace
    var tags: [SimulatedTag]
    var writer: SimulatedWriter
    var snow: SimulatedSnowflakes?
    var link: StoreLink
    /// The journal id under which its witness lies, or would.
    var witnessed: String
    var session = StoreSessionStage.none
    /// What the present session found when it was settled, and on which generation of the store.
    var facts: StoreFacts?
    var generation = 0
    /// SIGTERM has come: all stock is sealed, one last commit follows.
    var isStopping = false

    // What the world knows of it.
    /// Nothing may be issued until the first attempt to reach the store has ended.
    var awaitsFirstAttempt = false
    /// Started where neither the witness nor, so far, the database can tell that others issue from the same stock.
    var isDoubtful = false
    var cannotTell = false
    /// The store could not be reached when it started without proof: excluded from the promise until it is.
    var isExcused = false
    var forks: UInt64 = 0
    /// The forks whose other image has shown itself in the store before a beat of this one was acknowledged.
    var told: UInt64 = 0

    init(
        life: Int, recovery: Recovery, header: JournalHeader, trace: AgentTrace, tags: [SimulatedTag],
        writer: SimulatedWriter, link: StoreLink, witnessed: String
    ) {
        self.life = life
        self.recovery = recovery
        self.header = header
        self.trace = trace
        self.tags = tags
        self.writer = writer
        self.link = link
        self.witnessed = witnessed
    }
}

/// The journal's thread.
struct SimulatedWriter {
    struct Batch {
        var orders: [(tag: Int, order: CommitOrder)]
        var workers: [(serial: Int, order: WorkerOrder)] = []
        var header: JournalHeader
        var sequence: UInt64
        /// It carries out what the store's thread waits for.
        var change: HeaderChange?
        var isLast: Bool
    }

    struct HeaderChange {
        /// Under which the change was asked for.
        let journalID: String
        let header: JournalHeader
        /// What goes with it, if the agent's id changes.
        let trace: AgentTrace?
    }

    enum Stage {
        case idle
        /// Begun, and perhaps on disk.
        case committing(Batch)
        /// On disk or not, as the course knows; its next step is due.
        case carryingOut(Batch, JournalCourse.Step)
        /// The old file is to be set aside, or has been, and a fresh one made.
        case replacing(isSetAside: Bool)
    }

    var course: JournalCourse
    /// What the next commit makes durable of the header.
    var header: JournalHeader
    var stage = Stage.idle
    var change: HeaderChange?
    /// A commit is to be made whether anything is due or not: the first of a start, and after a failure.
    var isOverdue = true

    init(course: JournalCourse, header: JournalHeader) {
        self.course = course
        self.header = header
    }
}

/// Where the store's thread stands with its session.
enum StoreSessionStage {
    case none
    /// Connected: what does the store say?
    case reading
    /// It has said; what follows is due.
    case settling(StoreFacts)
    /// Waits for a commit of the header.
    case recording
    case ready
    /// On its way to the store.
    case sent(StoreRequest, thenReady: Bool)
    /// Carried out there; the answer is on its way back.
    case answered(StoreRequest, StoreAnswer, thenReady: Bool)
}

struct StoreRequest {
    enum Kind {
        case contest
        case lift(expected: Int64, floors: [Int64], gap: Int64)
        case beat(seen: AgentRow?, next: AgentRow)
        case lease([(tag: Int, order: LoadOrder)])
        case worker(
            slot: Int, ask: SnowflakeRoster.Ask, epoch: UInt64, plan: SnowflakeRoster.Plan, format: SnowflakeFormat)
    }

    let kind: Kind
    let host: Int
    let store: Int
    let generation: Int
    let agentID: String
    let beat: Int64
    /// The server that the session was settled with.
    let server: String?
    // What the world knows of who sent it.
    let life: Int
    let forks: UInt64
}

enum StoreAnswer {
    case done
    case beat(isAcknowledged: Bool, lift: Int64)
    case leases([(reply: LeaseReply, isThere: Bool)])
    case claim(SimulatedWorkerTable.ClaimReply)
    case renewal(SimulatedWorkerTable.RenewalReply)
    case failed(SimulatedStore.Failure)
}
