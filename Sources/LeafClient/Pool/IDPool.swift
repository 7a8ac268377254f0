internal import CLeafPlatform
internal import Synchronization

/// IDs of one tag out of memory, for any number of threads and tasks: hundreds of times faster than asking for each.
///
/// The pool leases ranges from leafd ahead of need, about one second's worth at the rate at which they are taken, and
/// fetches more in the background when half of that is gone. Each thread deals from a chunk of its own, so an ID costs a
/// few nanoseconds and no lock. Within a thread the IDs of a chunk ascend; across threads they do not.
///
/// **What a pool holds is lost when the process exits or the pool goes away**: those IDs are gaps. A forked child begins
/// with an empty pool. See <doc:UsingIDPool>.
public final class IDPool: Sendable {
    /// How many IDs a pool holds at most, unless the initializer is told otherwise: a second's worth at 100 million a
    /// second.
    public static let defaultStockMax = 100_000_000

    /// The tag whose IDs the pool deals.
    public let tag: String
    /// The client that leases them.
    public let client: LeafClient
    /// How many IDs the pool leases ahead at most, whatever the rate.
    public let stockMax: Int

    // nonisolated(unsafe): what it points to is reached by the functions of leaf_seat.h alone. Of the table each thread
    // touches its own seat, which it took by a compare-and-set; the rest never changes.
    private nonisolated(unsafe) let seats: UnsafeMutablePointer<leaf_seats_t>
    /// The number of `seats`.
    private let number: UInt64
    /// The stock of this process, retained, as an address: see `LeafClient.current`.
    private let current: Atomic<UInt>

    /// An empty pool. It asks leafd for IDs when the first one is taken.
    ///
    /// - Parameters:
    ///   - tag: 1 to 128 bytes of printable UTF-8, without space or control characters.
    ///   - client: leases the IDs; one client may serve many pools. Its ``LeafClient/timeout`` is the pool's too.
    ///   - stockMax: how many IDs to lease ahead at most, at least 1: what is lost at the process's exit at worst, but for
    ///     a chunk of 65,536 a thread.
    /// - Throws: ``LeafClientError`` if it cannot be a tag.
    public init(_ tag: String, client: LeafClient, stockMax: Int = IDPool.defaultStockMax) throws(LeafClientError) {
        precondition(stockMax >= 1, "stockMax is \(stockMax): give at least 1")
        try client.check(tag: tag)
        self.tag = tag
        self.client = client
        self.stockMax = stockMax
        seats = leaf_seats_make()
        number = seats.pointee.pool
        let stock = PoolStock(client: client, tag: tag, stockMax: stockMax)
        current = Atomic(UInt(bitPattern: Unmanaged.passRetained(stock).toOpaque()))
    }

    deinit {
        leaf_seats_free(seats)
        let stock = IDPool.stock(at: current.load(ordering: .acquiring))
        // A parent's stays where it is: its lock may be held for ever.
        if stock.takeUnretainedValue().process == leaf_process() { stock.release() }
    }

    // MARK: One ID

    /// The next ID. Suspends only while none is in stock, which at a rate that leafd can supply is the case at the
    /// beginning alone.
    ///
    /// - Throws: ``LeafClientError`` once the stock is out and leafd does not fill it: its refusal, or
    ///   ``LeafClientError/Code/timeout``. `CancellationError` when the task is cancelled while it waits.
    public nonisolated(nonsending) func next() async throws -> Int64 {
        let id = leaf_seat_next(number)
        return id != 0 ? id : try await nextOfStock()
    }

    /// The next ID if one is in stock, without waiting; nil if none is: more are then on their way, unless leafd refuses
    /// them.
    public func tryNext() -> Int64? {
        let id = leaf_seat_next(number)
        return id != 0 ? id : tryNextOfStock()
    }

    /// The next ID, for code that is not asynchronous. Blocks the thread only while none is in stock.
    ///
    /// - Throws: ``LeafClientError`` once the stock is out and leafd does not fill it: its refusal, or
    ///   ``LeafClientError/Code/timeout``.
    public func nextBlocking() throws(LeafClientError) -> Int64 {
        // A method of the pool, not of a view as LeafClient.blocking is: a view of a pool that is a property of another
        // object is retained and released for each ID. With two threads that was measured to cost ten times the ID.
        let id = leaf_seat_next(number)
        return id != 0 ? id : try nextBlockingOfStock()
    }

    // MARK: Where a seat is empty

    @inline(never)
    private func tryNextOfStock() -> Int64? {
        if case .ids(let id, _) = takeChunk(nil, nil) { id } else { nil }
    }

    @inline(never)
    private nonisolated(nonsending) func nextOfStock() async throws -> Int64 {
        if case .ids(let id, _) = takeChunk(nil, nil) { return id }
        let waiter = PoolWaiter(within: client.timeout)
        let stock = stock
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                switch stock.take(asChunk: false, waiter, .task(continuation)) {
                case .ids(let id, _): continuation.resume(returning: id)
                case .failed(let error): continuation.resume(throwing: error)
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .waiting: break
                }
            }
        } onCancel: {
            stock.cancel(waiter)
        }
    }

    @inline(never)
    private func nextBlockingOfStock() throws(LeafClientError) -> Int64 {
        if case .ids(let id, _) = takeChunk(nil, nil) { return id }
        let waiter = PoolWaiter(within: client.timeout)
        let parker = leaf_parker_own()!
        leaf_parker_prepare(parker)
        switch takeChunk(waiter, .thread(parker)) {
        case .ids(let id, _): return id
        case .failed(let error): throw error
        case .waiting, .cancelled: break
        }
        // The stock ends every wait, at the latest when the request that it waits for has ended.
        _ = leaf_parker_wait(parker, .max)
        guard let outcome = waiter.outcome else { preconditionFailure("a wait was ended without an outcome") }
        return try outcome.get()
    }

    /// Takes an ID from the stock, and puts those that follow it into this thread's seat.
    private func takeChunk(_ waiter: PoolWaiter?, _ kind: PoolWaiter.Kind?) -> PoolStock.Taken {
        let hasSeat = leaf_seat_take(seats)
        if hasSeat {
            // What a thread that has ended left in it.
            let id = leaf_seat_next(number)
            if id != 0 { return .ids(first: id, count: 1) }
        }
        let taken = stock.take(asChunk: hasSeat, waiter, kind)
        if case .ids(let first, let count) = taken, count > 1 {
            leaf_seat_fill(seats, first + 1, Int64(count - 1))
        }
        return taken
    }

    // MARK: The stock

    /// The stock of this process. In a forked child an empty one takes the place of its parent's.
    private var stock: PoolStock {
        while true {
            let address = current.load(ordering: .acquiring)
            let stock = IDPool.stock(at: address).takeUnretainedValue()
            if stock.process == leaf_process() { return stock }
            let fresh = Unmanaged.passRetained(PoolStock(client: client, tag: tag, stockMax: stockMax))
            let isMine = current.compareExchange(
                expected: address, desired: UInt(bitPattern: fresh.toOpaque()), ordering: .acquiringAndReleasing
            ).exchanged
            if !isMine { fresh.release() }
        }
    }

    private static func stock(at address: UInt) -> Unmanaged<PoolStock> {
        .fromOpaque(UnsafeRawPointer(bitPattern: address)!)
    }

    /// How many IDs are in stock, those in the threads' seats not included.
    package var stockCount: Int { stock.count }
}
