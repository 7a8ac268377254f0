internal import CLeafPlatform
internal import Glibc

/// What the link's own thread does.
extension Link {
    /// What belongs to the thread alone.
    fileprivate struct Session: ~Copyable {
        var socket: UnixSocket?
        /// That of `socket`.
        var descriptor: Int32 = -1
        var parser = ReplyParser()
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        /// Whether this connection has answered anything: else it may be one that is refused again and again.
        var hasAnswered = false
        var backoff = Link.backoffMin
        var connectsAt: UInt64 = 0
    }

    /// Between two attempts to connect, in nanoseconds: doubled from one to the other, so that a restart of a few
    /// milliseconds is not slept through, and a daemon that is gone costs 20 attempts a second.
    fileprivate static let backoffMin: UInt64 = 500_000
    fileprivate static let backoffMax: UInt64 = 50_000_000
    /// How long one attempt may wait in a full backlog, in milliseconds, before the calls' deadlines are looked at.
    private static let connectMax = 50

    private enum Step {
        case end(event: Int32)
        case wait(event: Int32, until: UInt64)
        case connect
        case serve(event: Int32, until: UInt64, isStuck: Bool)
        case disconnect
    }

    func run() {
        var session = Session()
        while true {
            switch nextStep(session.connectsAt) {
            case .end(let event):
                lock.with { $0.event = -1 }
                leaf_guarded_close(event)
                return
            case .wait(let event, let moment):
                Link.wait([pollfd(fd: event, events: Int16(POLLIN), revents: 0)], until: moment)
            case .connect: connect(&session)
            case .serve(let event, let moment, let isStuck): serve(&session, event, moment, isStuck)
            case .disconnect: disconnect(&session)
            }
        }
    }

    private func nextStep(_ connectsAt: UInt64) -> Step {
        let now = leaf_monotonic_ns()
        let (step, late, failure) = lock.with { state in
            var late: [(Call, Call.Waiter)] = []
            if state.looksAt <= now { late = endLate(now, &state) }
            if state.phase == .connecting && state.calls.isEmpty { state.phase = .idle }
            return (Link.step(state, connectsAt, now), late, state.phase == .open ? nil : state.lastFailure)
        }
        for (call, waiter) in late { call.finish(waiter, .failure(.late(path, call.timeout, failure))) }
        return step
    }

    private static func step(_ state: State, _ connectsAt: UInt64, _ now: UInt64) -> Step {
        switch state.phase {
        case .closed: state.socket >= 0 || state.isWriting ? .disconnect : .end(event: state.event)
        case .idle: .wait(event: state.event, until: state.looksAt)
        case .connecting:
            connectsAt <= now ? .connect : .wait(event: state.event, until: min(connectsAt, state.looksAt))
        case .open: .serve(event: state.event, until: state.looksAt, isStuck: state.isStuck)
        case .broken: .disconnect
        }
    }

    /// Takes the waiters of calls whose time is up. Of an open connection the calls stay, so that their replies are not
    /// taken for others'.
    private func endLate(_ now: UInt64, _ state: inout State) -> [(Call, Call.Waiter)] {
        var late: [(Call, Call.Waiter)] = []
        var next = UInt64.max
        state.calls.forEach { call in
            guard let waiter = call.waiter else { return }
            if call.deadline <= now {
                call.waiter = nil
                late.append((call, waiter))
            } else {
                next = min(next, call.deadline)
            }
        }
        state.looksAt = next
        if state.phase == .connecting { state.calls.removeAbandoned() }
        return late
    }

    /// Waits for one of the descriptors, or for a moment. An event is taken note of by that.
    @discardableResult
    private static func wait(_ descriptors: [pollfd], until moment: UInt64) -> [pollfd] {
        var descriptors = descriptors
        let now = leaf_monotonic_ns()
        // Rounded up, so that it does not spin through the last millisecond.
        let left: Int32 =
            moment == .max ? -1 : moment <= now ? 0 : Int32(min((moment - now + 999_999) / 1_000_000, 60_000))
        if poll(&descriptors, nfds_t(descriptors.count), left) > 0, descriptors[0].revents != 0 {
            var count: UInt64 = 0
            _ = read(descriptors[0].fd, &count, 8)
        }
        return descriptors
    }

    // MARK: Connecting

    private func connect(_ session: inout Session) {
        do throws(SocketError) {
            let limit = Deadline(in: .milliseconds(Link.connectMax))
            let socket = try UnixSocket(path: path, deadline: limit, isGuarded: true)
            session.descriptor = socket.descriptor
            session.socket = consume socket
        } catch {
            return noConnection(&session, .connecting(to: path, within: .milliseconds(Link.connectMax), error))
        }
        session.parser = ReplyParser()
        session.hasAnswered = false
        let descriptor = session.descriptor
        let mustWrite = lock.with { state in
            if state.phase == .closed { return false }
            state.calls.removeAbandoned()
            state.outgoing.removeAll(keepingCapacity: true)
            state.calls.forEach { $0.request.append(to: &state.outgoing) }
            state.phase = .open
            state.socket = descriptor
            state.isStuck = false
            state.isWriting = true
            return true
        }
        if mustWrite { write() } else { session.socket = nil }
    }

    private func noConnection(_ session: inout Session, _ failure: LeafClientError) {
        if failure.code.mayPass {
            session.delay()
            return lock.with { $0.lastFailure = failure }
        }
        let calls = lock.with { state in
            let calls = state.calls
            if state.phase != .closed { state.phase = .idle }
            state.calls.removeAll()
            return take(calls)
        }
        for (call, waiter) in calls { call.finish(waiter, .failure(failure)) }
    }

    /// Closes the connection. What it has not answered is asked again on the next one.
    private func disconnect(_ session: inout Session) {
        // Whoever writes now finds the connection broken and leaves it: no wait but for one call of `send`.
        while lock.with({ $0.isWriting }) { sched_yield() }
        lock.with { state in
            state.socket = -1
            state.outgoing.removeAll()
            state.isStuck = false
            if state.phase == .closed { return }
            state.calls.removeAbandoned()
            state.phase = state.calls.isEmpty ? .idle : .connecting
        }
        session.socket = nil
        if session.hasAnswered { session.connectsAt = 0 } else { session.delay() }
    }

    private func fail(_ failure: LeafClientError?) {
        lock.with { state in
            if let failure { state.lastFailure = failure }
            if state.phase == .open { state.phase = .broken }
        }
    }

    // MARK: Reading

    private func serve(_ session: inout Session, _ event: Int32, _ moment: UInt64, _ isStuck: Bool) {
        let events = Int16(isStuck ? POLLIN | POLLOUT : POLLIN)
        let watched = [
            pollfd(fd: event, events: Int16(POLLIN), revents: 0),
            pollfd(fd: session.descriptor, events: events, revents: 0),
        ]
        let ready = Link.wait(watched, until: moment)
        let seen = Int32(ready[1].revents)
        if isStuck && seen & POLLOUT != 0 {
            let mayWrite = lock.with { state in
                state.isStuck = false
                if state.isWriting { return false }
                state.isWriting = true
                return true
            }
            if mayWrite { write() }
        }
        if seen & ~POLLOUT != 0 { receive(&session) }
    }

    private func receive(_ session: inout Session) {
        do throws(SocketError) {
            guard let count = try session.socket!.read(into: &session.buffer) else { return }
            if count == 0 { throw .hungUp }
            session.parser.append(session.buffer[..<count])
        } catch {
            return fail(.talking(to: path, within: .zero, error))
        }
        var replies: [Reply] = []
        var failure: LeafClientError?
        do throws(ReplyError) {
            while let reply = try session.parser.next() { replies.append(reply) }
        } catch {
            failure = .noRESP(from: path, error)
        }
        hand(out: replies, &session)
        if let failure { refuse(failure) }
    }

    /// Gives each reply to the call that is next.
    private func hand(out replies: [Reply], _ session: inout Session) {
        var answered: [(Call, Call.Waiter, Reply)] = []
        answered.reserveCapacity(replies.count)
        var stranger: Reply?
        lock.with { state in
            for reply in replies where state.phase == .open && stranger == nil {
                if reply.isFarewell(isFirst: !session.hasAnswered) {
                    state.lastFailure = .rejection(reply, at: path)
                    state.phase = .broken
                } else if let call = state.calls.popFirst() {
                    session.answered()
                    guard let waiter = call.waiter else { continue }
                    call.waiter = nil
                    answered.append((call, waiter, reply))
                } else {
                    stranger = reply
                }
            }
        }
        for (call, waiter, reply) in answered { call.finish(waiter, .success(reply)) }
        if let stranger { refuse(.unexpected(stranger, to: "nothing", from: path)) }
        if lock.with({ $0.phase == .broken }) { session.delayAfterFarewell() }
    }

    /// Whoever it is, it is not leafd: all calls fail.
    private func refuse(_ failure: LeafClientError) {
        let calls = lock.with { state in
            let calls = state.calls
            state.calls.removeAll()
            if state.phase == .open { state.phase = .broken }
            return take(calls)
        }
        for (call, waiter) in calls { call.finish(waiter, .failure(failure)) }
    }
}

extension Link.Session {
    fileprivate mutating func answered() {
        hasAnswered = true
        backoff = Link.backoffMin
    }

    /// The next attempt to connect comes later than the last one did.
    fileprivate mutating func delay() {
        connectsAt = leaf_monotonic_ns() + backoff
        backoff = min(2 * backoff, Link.backoffMax)
    }

    /// A daemon that is stopping may still accept connections, only to refuse what they ask.
    fileprivate mutating func delayAfterFarewell() { hasAnswered = false }
}

extension Reply {
    /// Whether the daemon says that it will answer nothing more on this connection: what was asked is to be asked again.
    fileprivate func isFarewell(isFirst: Bool) -> Bool {
        guard case .error(let prefix, let message) = self else { return false }
        return prefix == "SHUTDOWN" || isFirst && prefix == "ERR" && message.hasPrefix("max number of clients")
    }
}

extension LeafClientError.Code {
    /// Whether a restart of the daemon looks like this.
    fileprivate var mayPass: Bool {
        switch self {
        case .noSocket, .notRunning, .timeout, .closed: true
        case .system(let number): number == ECONNRESET || number == EAGAIN || number == EMFILE || number == ENFILE
        default: false
        }
    }
}
