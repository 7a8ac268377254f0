internal import LeafCore
internal import LeafEngine
internal import LeafThreads

extension ConnectionHandler {
    /// A request that waits: what for, and what to do then.
    struct Waiting {
        enum Reason {
            /// Parked with a tag, for a commit or a lease.
            case tag(TagEntry, ReplyForm)
            /// Parked with a worker id, for a commit; or, without one, until one is leased.
            case worker(SnowflakeEntry?, SnowflakeAsk)
            /// Until the clock has come to a unit of time that is not used up.
            case time(SnowflakeAsk)
        }

        let token: ParkToken
        let reason: Reason
        let timeout: Timers.ID
    }

    /// The request has been parked under `token`: nothing else of this connection is processed before its answer.
    func wait(_ token: ParkToken, _ reason: Waiting.Reason, atMost patience: Duration? = nil) {
        guard client.account.park(atMost: limits.maxParkedPerUID) || !cancel(token, reason) else {
            client.account.unpark()
            return fail(ErrorReplies.tooManyParkedOfUser)
        }
        inbox.park(self, token)
        let patience = isOutOfPatience ? .zero : patience ?? limits.waitTimeout
        let timeout = inbox.loop.schedule(in: patience) { self.waitedTooLong(token) }
        wait(Waiting(token: token, reason: reason, timeout: timeout))
    }

    /// Nobody but the clock will answer.
    func wait(_ ask: SnowflakeAsk, _ token: ParkToken, for time: Duration) {
        let timeout = inbox.loop.schedule(in: time) {
            guard self.waiting?.token == token else { return }
            self.answer { self.serve(ask) }
        }
        wait(Waiting(token: token, reason: .time(ask), timeout: timeout))
    }

    private func wait(_ waiting: Waiting) {
        self.waiting = waiting
        waitingSince = inbox.loop.wokenAt
        state = .waiting
    }

    /// The answer to the parked request has come.
    func resume(with outcome: ParkedAnswer.Outcome) {
        guard let waiting else { return }
        inbox.loop.cancel(waiting.timeout)
        answer {
            switch (outcome, waiting.reason) {
            case (.ids(let ranges), .tag(_, let form)):
                isOutOfPatience = false
                reply(ranges, form)
            case (.refused(let refusal), .tag(let entry, _)): refuse(refusal, entry)
            case (.again, .worker(_, let ask)):
                isOutOfPatience = false
                serve(ask)
            case (.refused(let refusal), .worker): fail(ErrorReplies.text(refusal, engine.snowflake))
            case (.again, .tag), (.ids, .worker), (_, .time): preconditionFailure("an answer to another question")
            }
        }
    }

    /// The client has gone: its request is taken back before it costs an ID. If it is too late, its IDs are a gap.
    func abandonWait() {
        guard let waiting else { return }
        endWait()
        inbox.loop.cancel(waiting.timeout)
        if cancel(waiting.token, waiting.reason) { inbox.unpark(waiting.token) }
    }

    private func endWait() {
        guard let waiting else { return }
        self.waiting = nil
        if case .time = waiting.reason { return }
        client.account.unpark()
    }

    /// - Returns: false if the answer is on the way already.
    private func cancel(_ token: ParkToken, _ reason: Waiting.Reason) -> Bool {
        switch reason {
        case .tag(let entry, _): entry.cancel(token)
        case .worker(let entry?, _): entry.cancel(token)
        case .worker(nil, _): engine.cancelWant(token)
        case .time: true
        }
    }

    private func waitedTooLong(_ token: ParkToken) {
        guard let waiting, waiting.token == token, cancel(token, waiting.reason) else { return }
        inbox.unpark(token)
        isOutOfPatience = true
        answer {
            switch waiting.reason {
            case .tag(let entry, _): fail(ErrorReplies.timeout(tag: entry.tag, after: limits.waitTimeout))
            case .worker, .time: fail(ErrorReplies.snowflakeTimeout(after: limits.waitTimeout))
            }
        }
    }

    /// Lets another thread find the answer; nothing else of this connection is processed before it comes.
    ///
    /// - Parameters:
    ///   - find: has it found, and hands it over on whatever thread, once.
    ///   - reply: writes it, on this connection's loop.
    func ask<Answer: Sendable>(
        _ find: (@escaping @Sendable (Answer) -> Void) -> Void, _ reply: @escaping @Sendable (Answer) -> Void
    ) {
        let ticket = inbox.nextToken().ticket
        asking = ticket
        waitingSince = inbox.loop.wokenAt
        state = .asking
        let loop = inbox.loop
        // Never at once, even if the answer is there (the daemon is stopping): the request is being processed still.
        find { answer in loop.execute { self.answered(ticket, answer, reply) } }
    }

    private func answered<Answer>(_ ticket: UInt64, _ answer: Answer, _ reply: (Answer) -> Void) {
        guard state == .asking, asking == ticket else { return }
        self.answer { reply(answer) }
    }

    private func answer(_ body: () -> Void) {
        let (since, unanswered) = (waitingSince, unansweredCount)
        endWait()
        effort = 0
        state = .ready
        body()
        // The rest of the run that the parked request was part of.
        flushRun()
        let answered = unanswered - unansweredCount
        // Another of them, or the same one again: it has waited as long.
        waitingSince = since
        goOn()
        if answered > 0 { inbox.tally.answered(answered, since: since, now: .now()) }
    }
}
