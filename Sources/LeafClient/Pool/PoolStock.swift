internal import CLeafPlatform

/// The ranges that a pool has leased and not dealt to a seat yet, in one process, and the requests for more.
///
/// It has no thread: whoever takes from it sends what requests are due, and their replies come on the client's thread.
final class PoolStock: Sendable {
    /// What was leased in another process is that process's.
    let process = leaf_process()
    private let client: LeafClient
    private let tag: String
    private let lock: PlainLock<State>

    /// Callers that may wait at once.
    private static let waitersMax = 65_536
    /// After a refusal, in nanoseconds; doubled with every further one.
    private static let backoffMin: UInt64 = 10_000_000
    private static let backoffMax: UInt64 = 1_000_000_000

    private struct State {
        var ranges: [ClosedRange<Int64>] = []
        /// Ranges before this one have been dealt.
        var head = 0
        /// IDs in `ranges`.
        var count = 0
        /// IDs that have been asked for and have not come yet, and in how many requests.
        var asked = 0
        var asks = 0
        var sizing: PoolSizing
        var waiters: [PoolWaiter] = []
        /// Why the last request got nothing; nil once one has.
        var failure: LeafClientError?
        var asksAgainAt: UInt64 = 0
        var backoff = PoolStock.backoffMin
    }

    init(client: LeafClient, tag: String, stockMax: Int) {
        self.client = client
        self.tag = tag
        lock = PlainLock(State(sizing: PoolSizing(stockMax: stockMax, now: leaf_monotonic_ns())))
    }

    /// IDs in stock.
    var count: Int { lock.with { $0.count } }

    // MARK: Taking

    enum Taken {
        case ids(first: Int64, count: Int)
        case failed(LeafClientError)
        /// The waiter will hear of it; or there was none, and the stock is empty.
        case waiting
        case cancelled
    }

    /// Takes IDs that follow each other.
    ///
    /// - Parameters:
    ///   - asChunk: as many as a seat should have, instead of one.
    ///   - waiter: waits if the stock is empty, unless the daemon has just refused to fill it.
    func take(asChunk: Bool, _ waiter: PoolWaiter?, _ kind: PoolWaiter.Kind?) -> Taken {
        let (taken, asks) = lock.with { state in
            var taken = PoolStock.take(asChunk, &state)
            let due = state.sizing.isLow(state.count + state.asked) ? plan(leaf_monotonic_ns(), &state) : []
            if case .waiting = taken, let waiter { taken = wait(waiter, kind, &state) }
            return (taken, due)
        }
        send(asks)
        return taken
    }

    private static func take(_ asChunk: Bool, _ state: inout State) -> Taken {
        guard state.count > 0 else { return .waiting }
        let range = state.ranges[state.head]
        let chunk = Int64(asChunk ? state.sizing.chunk : 1)
        let count: Int64
        if range.upperBound - range.lowerBound < chunk {
            count = range.upperBound - range.lowerBound + 1
            state.head += 1
            if state.head == state.ranges.count || state.head >= 1024 {
                state.ranges.removeFirst(state.head)
                state.head = 0
            }
        } else {
            count = chunk
            state.ranges[state.head] = (range.lowerBound + chunk)...range.upperBound
        }
        state.count -= Int(count)
        state.sizing.took(Int(count))
        return .ids(first: range.lowerBound, count: Int(count))
    }

    private func wait(_ waiter: PoolWaiter, _ kind: PoolWaiter.Kind?, _ state: inout State) -> Taken {
        if waiter.isCancelled { return .cancelled }
        // No request is under way, and none may be sent yet.
        if state.asks == 0, let failure = state.failure { return .failed(failure) }
        guard state.waiters.count < PoolStock.waitersMax else {
            return .failed(.tooManyRequests(client.socketPath, PoolStock.waitersMax))
        }
        waiter.kind = kind
        state.waiters.append(waiter)
        return .waiting
    }

    /// Ends a task's wait.
    func cancel(_ waiter: PoolWaiter) {
        let kind = lock.with { state in
            waiter.isCancelled = true
            let kind = waiter.kind
            waiter.kind = nil
            state.waiters.removeAll { $0 === waiter }
            return kind
        }
        if case .task(let continuation)? = kind { continuation.resume(throwing: CancellationError()) }
    }

    // MARK: Asking for more

    /// What is to be asked for now, noted as asked.
    private func plan(_ now: UInt64, _ state: inout State) -> [Int] {
        guard now >= state.asksAgainAt else { return [] }
        state.sizing.look(now: now)
        var asks: [Int] = []
        while case let count = state.sizing.nextAsk(
            ahead: state.count + state.asked, asks: state.asks, waiting: state.waiters.count + 1), count > 0
        {
            asks.append(count)
            state.asked += count
            state.asks += 1
            // After a refusal one request finds out whether that is over.
            if state.failure != nil { break }
        }
        return asks
    }

    private func send(_ asks: [Int]) {
        for count in asks {
            let request = Request.lease(tag: tag, count)
            client.ask(request, within: client.timeout) { outcome in
                self.arrived(count, self.ranges(outcome, request, count))
            }
        }
    }

    private func ranges(
        _ outcome: Call.Outcome, _ request: Request, _ count: Int
    ) -> Result<[ClosedRange<Int64>], LeafClientError> {
        do throws(LeafClientError) {
            return .success(try client.ranges(try outcome.get(), request, count))
        } catch {
            return .failure(error)
        }
    }

    private func arrived(_ count: Int, _ outcome: Result<[ClosedRange<Int64>], LeafClientError>) {
        var ended: [(PoolWaiter, PoolWaiter.Kind, PoolWaiter.Outcome)] = []
        let asks = lock.with { state in
            let now = leaf_monotonic_ns()
            state.asks -= 1
            state.asked -= count
            switch outcome {
            case .success(let ranges): restock(count, ranges, &state)
            case .failure(let failure): refuse(count, failure, now, &state)
            }
            serve(&state, &ended)
            endWaiters(now, &state, &ended)
            let isNeeded = !state.waiters.isEmpty && state.asks == 0
            return isNeeded || state.sizing.isLow(state.count + state.asked) ? plan(now, &state) : []
        }
        send(asks)
        for (waiter, kind, outcome) in ended { waiter.finish(kind, outcome) }
    }

    private func restock(_ count: Int, _ ranges: [ClosedRange<Int64>], _ state: inout State) {
        state.ranges += ranges
        state.count += count
        state.sizing.granted(count)
        state.failure = nil
        state.backoff = PoolStock.backoffMin
        state.asksAgainAt = 0
    }

    private func refuse(_ count: Int, _ failure: LeafClientError, _ now: UInt64, _ state: inout State) {
        if failure.mayBeTooMany && state.sizing.refused(count) { return }
        state.failure = failure
        state.asksAgainAt = now + state.backoff
        state.backoff = min(2 * state.backoff, PoolStock.backoffMax)
    }

    // MARK: Waiters

    /// Gives what is in stock to those who wait, in their order.
    private func serve(_ state: inout State, _ ended: inout [(PoolWaiter, PoolWaiter.Kind, PoolWaiter.Outcome)]) {
        var served = 0
        for waiter in state.waiters {
            guard state.count > 0, case .ids(let id, _) = PoolStock.take(false, &state) else { break }
            served += 1
            // Those that have given up are no longer among them.
            if let kind = waiter.kind { ended.append((waiter, kind, .success(id))) }
            waiter.kind = nil
        }
        state.waiters.removeFirst(served)
    }

    /// Ends the waits for which there is no hope, or no time.
    private func endWaiters(
        _ now: UInt64, _ state: inout State, _ ended: inout [(PoolWaiter, PoolWaiter.Kind, PoolWaiter.Outcome)]
    ) {
        let isHopeless = state.asks == 0 && now < state.asksAgainAt
        guard isHopeless || state.waiters.contains(where: { $0.deadline <= now }) else { return }
        let error = state.failure ?? .late(client.socketPath, client.timeout, nil)
        for waiter in state.waiters where isHopeless || waiter.deadline <= now {
            if let kind = waiter.kind { ended.append((waiter, kind, .failure(error))) }
            waiter.kind = nil
        }
        state.waiters.removeAll { $0.kind == nil }
    }
}

extension LeafClientError {
    /// Whether a request for fewer IDs could succeed: `ERR` is the answer to more than `server.max-batch`.
    fileprivate var mayBeTooMany: Bool {
        switch code {
        case .rejected("EXHAUSTED"), .rejected("TIMEOUT"), .rejected("ERR"), .rejected("OVERFLOW"): true
        default: false
        }
    }
}
