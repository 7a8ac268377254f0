/// A closed load: each connection sends a batch of requests, waits for all replies, and sends the next: as fast as leafd
/// answers. It shows what a request costs, not how long it takes. One thread.
struct ClosedLoad {
    private let sockets: [LoadSocket]
    private let pipeline: Int
    private let requests: [[UInt8]]
    private let picks: [Int32]
    private var set: SocketSet
    private var missing: [Int]
    private var next = 0
    private var end = End.before(pick: 0)
    private var batch: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    struct Outcome {
        var requests = 0
        var duration = Duration.zero
        var errors = 0
        var firstError: String?
    }

    /// - Parameters:
    ///   - pipeline: how many requests a batch has.
    ///   - tags: their names.
    ///   - picks: which tag each request is for, one after the other and over again.
    init(socketPath: String, connections: Int, pipeline: Int, tags: [String], picks: [Int32]) throws {
        sockets = try (0..<connections).map { _ in try LoadSocket(path: socketPath) }
        self.pipeline = pipeline
        requests = tags.map { Array("NEXT \($0)\n".utf8) }
        self.picks = picks
        set = try SocketSet(sockets)
        missing = Array(repeating: 0, count: connections)
    }

    /// Runs for a while.
    mutating func run(for duration: Duration) throws -> Outcome {
        end = .at(nanoseconds: MonotonicClock.now() + duration.inNanoseconds)
        return try run()
    }

    /// Sends each pick once.
    mutating func runOnce() throws -> Outcome {
        end = .before(pick: next + picks.count)
        return try run()
    }

    private enum End {
        case at(nanoseconds: Int64)
        case before(pick: Int)
    }

    /// How many requests the next batch has; 0: there is none any more.
    private var batchLength: Int {
        switch end {
        case .at(let nanoseconds): MonotonicClock.now() < nanoseconds ? pipeline : 0
        case .before(let pick): min(pipeline, pick - next)
        }
    }

    private mutating func run() throws -> Outcome {
        var outcome = Outcome()
        let start = MonotonicClock.now()
        let errorsBefore = sockets.reduce(0) { $0 + $1.errors }
        var busy = 0
        for index in sockets.indices where try send(index) { busy += 1 }
        while busy > 0 {
            _ = set.wait(nanoseconds: 1_000_000_000)
            for index in sockets.indices where set.isReady(index) {
                if sockets[index].hasUnsent {
                    try sockets[index].sendRest()
                    set.wantWriting(index, sockets[index].hasUnsent)
                }
                let replies = try buffer.withUnsafeMutableBytes { try sockets[index].receive($0) }
                outcome.requests += replies
                missing[index] -= replies
                guard replies > 0, missing[index] <= 0 else { continue }
                if try !send(index) { busy -= 1 }
            }
            guard MonotonicClock.now() - start < ClosedLoad.longest else {
                throw Problem("leafd leaves \(missing.reduce(0, +)) requests unanswered: see its log")
            }
        }
        outcome.duration = .nanoseconds(MonotonicClock.now() - start)
        outcome.errors = sockets.reduce(0) { $0 + $1.errors } - errorsBefore
        outcome.firstError = sockets.lazy.compactMap(\.firstError).first
        return outcome
    }

    /// In nanoseconds: much more than any run takes.
    private static let longest: Int64 = 600_000_000_000

    /// Sends the next batch, if there is one.
    private mutating func send(_ index: Int) throws -> Bool {
        let length = batchLength
        guard length > 0 else { return false }
        batch.removeAll(keepingCapacity: true)
        for _ in 0..<length {
            batch.append(contentsOf: requests[Int(picks[next % picks.count])])
            next += 1
        }
        missing[index] = length
        try batch.withUnsafeBytes { try sockets[index].send($0) }
        if sockets[index].hasUnsent { set.wantWriting(index, true) }
        return true
    }
}
