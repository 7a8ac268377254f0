internal import CLeafPlatform
internal import Glibc
internal import LeafClient

/// One stretch of time in which threads take IDs as fast as they can.
struct PoolRound: Sendable {
    let idsPerSecond: Double
    /// The longest time that 1,024 IDs took, which is 10 µs or so: above that it is a wait for a refill, or for the
    /// scheduler.
    let longestWaitMicroseconds: Double

    /// Of leafd's CPU time, in cores.
    let daemonShare: Double

    /// IDs between two looks at the clock.
    private static let batch = 1024

    init(_ pool: IDPool, threads: Int, seconds: Double, leafd: Leafd) throws {
        let (begin, before) = (leaf_monotonic_ns(), try leafd.figures().processorTime)
        let nanoseconds = UInt64(seconds * 1e9)
        let takers = (0..<threads).map { _ in PoolTaker(pool, nanoseconds: nanoseconds, batch: PoolRound.batch) }
        for taker in takers { taker.start() }
        let results = try takers.map { try $0.join() }
        let passed = Double(leaf_monotonic_ns() - begin) / 1e9
        daemonShare = (try leafd.figures().processorTime - before).inSeconds / passed
        idsPerSecond = results.reduce(0) { $0 + Double($1.count) / (Double($1.nanoseconds) / 1e9) }
        longestWaitMicroseconds = results.map { Double($0.longest) / 1e3 }.max() ?? 0
    }
}

/// A thread that takes IDs.
final class PoolTaker: @unchecked Sendable {
    // @unchecked: `result` is written by the thread and read after it was joined.
    struct Taken: Sendable {
        var count = 0
        var nanoseconds: UInt64 = 0
        var longest: UInt64 = 0
    }

    private let pool: IDPool
    private let nanoseconds: UInt64
    private let batch: Int
    private var thread = pthread_t()
    private var result: Result<Taken, LeafClientError> = .success(Taken())

    init(_ pool: IDPool, nanoseconds: UInt64, batch: Int) {
        self.pool = pool
        self.nanoseconds = nanoseconds
        self.batch = batch
    }

    func start() {
        let own = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { argument in
                let taker = Unmanaged<PoolTaker>.fromOpaque(argument!).takeRetainedValue()
                taker.result = Result { () throws(LeafClientError) in try taker.take() }
                return nil
            }, own.toOpaque())
        precondition(status == 0, "the system refused a thread: error \(status)")
    }

    func join() throws(LeafClientError) -> Taken {
        pthread_join(thread, nil)
        return try result.get()
    }

    private func take() throws(LeafClientError) -> Taken {
        var taken = Taken()
        let begin = leaf_monotonic_ns()
        var before = begin
        var last: Int64 = 0
        repeat {
            for _ in 0..<batch {
                let id = try pool.nextBlocking()
                precondition(id != last, "\(id) came twice in a row")
                last = id
            }
            taken.count += batch
            let now = leaf_monotonic_ns()
            taken.longest = max(taken.longest, now - before)
            before = now
        } while before - begin < nanoseconds
        taken.nanoseconds = before - begin
        return taken
    }
}
