internal import LeafCore
internal import LeafEngine
internal import NIOCore

extension ConnectionHandler {
    /// A parked request: what to do with its answer.
    struct Waiting {
        let token: ParkToken
        let entry: TagEntry
        let form: ReplyForm
        let timeout: Scheduled<Void>
    }

    /// The request has been parked under `token`: nothing else of this connection is processed before its answer.
    func wait(_ token: ParkToken, _ entry: TagEntry, _ form: ReplyForm) {
        inbox.park(self, token)
        let patience = isOutOfPatience ? .zero : limits.waitTimeout
        let timeout = inbox.loop.assumeIsolated().scheduleTask(in: .nanoseconds(patience.inNanoseconds)) {
            self.waitedTooLong(token)
        }
        state = .waiting(Waiting(token: token, entry: entry, form: form, timeout: timeout))
    }

    /// The answer to the parked request has come.
    func resume(with outcome: ParkedAnswer.Outcome) {
        guard case .waiting(let waiting) = state else { return }
        waiting.timeout.cancel()
        answer {
            switch outcome {
            case .ids(let ranges):
                isOutOfPatience = false
                reply(ranges, waiting.form)
            case .refused(let refusal): refuse(refusal, waiting.entry)
            }
        }
    }

    /// The client has gone: its request is taken back before it costs an ID. If it is too late, its IDs are a gap.
    func abandonWait() {
        guard case .waiting(let waiting) = state else { return }
        waiting.timeout.cancel()
        if waiting.entry.cancel(waiting.token) { inbox.unpark(waiting.token) }
    }

    private func waitedTooLong(_ token: ParkToken) {
        guard case .waiting(let waiting) = state, waiting.token == token, waiting.entry.cancel(token) else { return }
        inbox.unpark(token)
        isOutOfPatience = true
        answer { fail(ErrorReplies.timeout(tag: waiting.entry.tag, after: limits.waitTimeout)) }
    }

    /// Lets another thread find the answer; nothing else of this connection is processed before it comes.
    func ask<Answer: Sendable>(_ future: EventLoopFuture<Answer>, _ reply: @escaping (Answer) -> Void) {
        let ticket = inbox.nextToken().ticket
        state = .asking(ticket: ticket)
        let loop = inbox.loop.assumeIsolated()
        future.hop(to: inbox.loop).assumeIsolated().whenComplete { result in
            // Not at once, even if the answer is there (the daemon is stopping): the request is being processed still.
            loop.execute { self.answered(ticket, result, reply) }
        }
    }

    private func answered<Answer>(_ ticket: UInt64, _ result: Result<Answer, any Error>, _ reply: (Answer) -> Void) {
        guard case .asking(ticket) = state else { return }
        answer {
            switch result {
            case .success(let answer): reply(answer)
            case .failure(let error): fail("ERR \(ErrorReplies.singleLine("\(error)"))")
            }
        }
    }

    private func answer(_ body: () -> Void) {
        state = .ready
        body()
        // The rest of the run that the parked request was part of.
        flushRun()
        goOn()
    }
}
