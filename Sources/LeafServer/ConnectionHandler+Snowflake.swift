internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import LeafThreads

/// One SNOWFLAKE request, as long as it is not answered.
struct SnowflakeAsk {
    let count: Int64
    /// The worker id that it must be; nil: any that this daemon holds.
    let worker: Int?
    let form: ReplyForm
    /// When it has waited long enough.
    let deadline: MonotonicTime
    /// It has waited for the lease of its worker id to be renewed.
    var hasRenewed = false
}

/// SNOWFLAKE.
extension ConnectionHandler {
    // MARK: The hot path

    /// The most requests that are served in one go.
    private static let runMax: Int64 = 1024

    /// Counts the request in with those before it, if it asks for one more snowflake.
    func joinSnowflakes(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard runLength == 0, !transaction.isOpen, Command.isSnowflake(arguments.bytes(0, of: bytes)),
            engine.snowflake.settings.isEnabled
        else { return false }
        inbox.tally.count(.snowflake)
        snowflakes += 1
        joined = .snowflake
        return true
    }

    /// Answers the run: many under one lock, and the one that cannot be answered at once waits.
    func flushSnowflakes() {
        while case .ready = state, snowflakes > 0 {
            let length = min(snowflakes, ConnectionHandler.runMax)
            if takeAtOnce(length) {
                snowflakes -= length
            } else {
                snowflakes -= 1
                serve(SnowflakeAsk(count: 1, worker: nil, form: .integer, deadline: deadline()))
                interruptRun()
            }
        }
    }

    private func takeAtOnce(_ count: Int64) -> Bool {
        ranges.removeAll(keepingCapacity: true)
        guard engine.snowflake.first?.take(count, token: nil, ranges: &ranges) == .taken else { return false }
        for range in ranges { replies.integers(range.first, through: range.last) }
        return true
    }

    private func deadline() -> MonotonicTime { MonotonicTime.now().advanced(by: limits.waitTimeout) }

    // MARK: The command

    /// `SNOWFLAKE [count] [WORKER id] [STRING]`
    func snowflake(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        guard engine.snowflake.settings.isEnabled else {
            return fail("ERR snowflakes are off on this host (snowflake.enabled)")
        }
        var (index, asString) = (1, false)
        var count: Int64?
        var worker: Int?
        if index < arguments.count, parseInteger(arguments.bytes(index, of: bytes)) != nil {
            guard let number = self.count(arguments.bytes(index, of: bytes)) else { return }
            count = number
            index += 1
        }
        if index + 1 < arguments.count, isWord(arguments.bytes(index, of: bytes), "worker") {
            let argument = arguments.bytes(index + 1, of: bytes)
            let workers = engine.snowflake.settings.format.layout.workers
            guard let number = parseInteger(argument), number >= 0, number < workers else {
                return fail("ERR the worker id '\(quoted(argument))' is not one of 0 to \(workers - 1)")
            }
            worker = Int(number)
            index += 2
        }
        if index < arguments.count, isWord(arguments.bytes(index, of: bytes), "string") {
            asString = true
            index += 1
        }
        guard index == arguments.count else {
            return fail(
                "ERR syntax error at '\(quoted(arguments.bytes(index, of: bytes)))': SNOWFLAKE [count] [WORKER id] [STRING]"
            )
        }
        let form: ReplyForm =
            count == nil ? (asString ? .bulkString : .integer) : (asString ? .bulkStrings : .integers)
        serve(
            SnowflakeAsk(
                count: count ?? 1, worker: worker, form: form, deadline: deadline()))
    }

    /// Takes the IDs from the first worker id that has them and writes the reply; or waits; or says why there are none.
    func serve(_ ask: SnowflakeAsk) {
        let token = inbox.nextToken()
        let workers = engine.snowflake.workers
        var soonest: Int64?
        var refusal: SnowflakeRefusal?
        var isGone = false
        ranges.removeAll(keepingCapacity: true)
        for entry in workers where ask.worker == nil || entry.worker == ask.worker {
            switch entry.take(ask.count, token: token, ranges: &ranges) {
            case .taken: return reply(ranges, ask.form)
            case .parked: return wait(token, .worker(entry, ask), atMost: patience(ask))
            case .wait(let microseconds): soonest = min(soonest ?? .max, microseconds)
            case .gone: isGone = true
            case .refused(let reason): refusal = refusal ?? reason
            }
        }
        if let soonest {
            let left = patience(ask)
            guard !isOutOfPatience, left > .zero else {
                isOutOfPatience = true
                return fail(ErrorReplies.snowflakeTimeout(after: limits.waitTimeout))
            }
            return wait(ask, token, for: min(.microseconds(soonest), left))
        }
        if let refusal { return renew(ask, token, refusal) }
        guard workers.isEmpty || isGone else {
            return fail(ErrorReplies.noSuchWorker(ask.worker ?? 0, held: workers.map(\.worker)))
        }
        wantWorker(ask, token)
    }

    /// The lease may be over because nobody could renew it in time: after an outage, or while the host was suspended.
    private func renew(_ ask: SnowflakeAsk, _ token: ParkToken, _ refusal: SnowflakeRefusal) {
        guard case .leaseOver = refusal, !ask.hasRenewed, engine.wantRenewal(token) else {
            return fail(ErrorReplies.text(refusal))
        }
        var ask = ask
        ask.hasRenewed = true
        wait(token, .worker(nil, ask), atMost: patience(ask))
    }

    /// This daemon holds no worker id: one is leased, and the request waits for it.
    private func wantWorker(_ ask: SnowflakeAsk, _ token: ParkToken) {
        switch engine.wantWorker(token) {
        case .parked: wait(token, .worker(nil, ask), atMost: patience(ask))
        case .tooManyParked: fail(ErrorReplies.text(Refusal.tooManyParked, engine.snowflake))
        case .refused(let why): fail(ErrorReplies.noWorker(why))
        }
    }

    private func patience(_ ask: SnowflakeAsk) -> Duration { ask.deadline.since(.now()) }
}
