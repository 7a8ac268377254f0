package import LeafCore
private import LeafThreads

/// The journal's one thread: gathers all tags and worker ids that are due into one commit, and tells them when it is
/// durable and the witness names it (`JournalCourse`).
///
/// One that is due `soon` waits for others up to a quarter of a window; one that is due `now` does not wait. The
/// first commit of a start is made at once, asked for or not: it makes the journal this boot's.
package final class JournalWriter: Sendable {
    private let desk = Mailbox(JournalDesk())
    private let stats = Lock(JournalStats())
    private let gather: Duration
    private let owner: JournalOwnerReference
    private let thread: Lock<DedicatedThread?> = Lock(nil)

    /// - Parameters:
    ///   - gather: how long what is due soon waits for others.
    ///   - owner: is told how the journal fares; held weakly, since it may own the writer.
    package init(gather: Duration, owner: any JournalOwner) {
        self.gather = gather
        self.owner = JournalOwnerReference(owner)
    }

    /// Hands the journal to a thread of its own, for good.
    package func start(_ journal: sending Journal, witness: WitnessFile) {
        start(storage: journal, witness: witness)
    }

    func start(storage: sending any JournalStorage, witness: WitnessFile) {
        let box = SendingBox(storage)
        thread.with { [desk, stats, gather, owner] thread in
            thread = DedicatedThread(name: "leafd-journal") {
                var run = JournalRun(
                    desk: desk, stats: stats, gather: gather, owner: owner, storage: box.take(), witness: witness)
                run.run()
            }
        }
    }

    /// Puts a tag or a worker id on the list of the next commit.
    package func request(_ participant: any CommitParticipant, _ urgency: CommitUrgency) {
        desk.post { $0.request(participant, urgency) }
    }

    /// Changes the header, and waits until that is durable.
    ///
    /// Once it returns, everything that was requested before the call has been written as well, by the same commit or
    /// an earlier one: dropping a tag relies on that.
    ///
    /// - Parameter journalID: of the header that `change` is meant for.
    /// - Throws: `.replaced`: the journal has another id by now, and nothing was changed. Others: the commit failed; the
    ///   next one writes the header without the change.
    package func changeHeader(
        of journalID: String, _ change: @escaping @Sendable (inout JournalHeader) -> Void
    ) throws(JournalError) {
        var ticket = 0
        desk.post { desk in
            ticket = desk.add(change, to: journalID)
            return true
        }
        let failure: JournalError? = desk.wait { desk, _ in
            if let outcome = desk.takeOutcome(ticket) { .done(outcome) } else { .wait(until: nil) }
        }
        if let failure { throw failure }
    }

    /// Commits what is due, and ends the thread. The journal is closed, its lock free.
    package func stop() {
        desk.post { desk in
            desk.stop()
            return true
        }
        thread.with { $0.take() }?.join()
    }

    package func snapshot() -> JournalStats { stats.with { $0 } }
}

/// Reaches the owner as long as there is one.
final class JournalOwnerReference: @unchecked Sendable {
    // @unchecked: written once, in init; reading a weak reference is safe from every thread.
    private(set) weak var owner: (any JournalOwner)?

    init(_ owner: any JournalOwner) {
        self.owner = owner
    }
}

/// Carries a value that is given away once into a closure that runs on another thread.
private final class SendingBox<Value>: @unchecked Sendable {
    // @unchecked: the value came in as `sending`, is touched by one `take`, and by nobody after.
    private var value: Value?

    init(_ value: sending Value) {
        self.value = value
    }

    func take() -> Value {
        defer { value = nil }
        guard let value else { preconditionFailure("taken twice") }
        return value
    }
}
