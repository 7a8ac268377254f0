/// How many IDs a pool keeps ahead: about one second's worth at the rate at which they are taken.
///
/// Enough that a refill, which begins when half of it is gone, comes long before the end; and little enough that what a
/// process loses at its exit is a second's worth.
struct PoolSizing: Sendable {
    /// The least that is kept ahead, so that a slow pool need not ask for each ID.
    static let windowMin = 100
    /// The most that one LEASE asks for: leafd's default `server.max-batch`. A daemon that allows less is asked for less.
    static let askLimit = 100_000
    /// LEASE requests of one pool that are under way at once.
    static let asksMax = 256
    /// The most that a thread takes to its seat at once.
    static let chunkMax = 65_536
    /// A hundred threads can sit down with the window and leave some of it.
    private static let chunksPerWindow = 128
    /// From one look to the next the window grows or shrinks by this factor at most: a short burst is no rate.
    private static let changeMax = 4
    /// The span of time that the window is to last.
    private static let span = 1.0
    /// The shortest time from which a rate can be told, unless a good part of the window went in less.
    private static let lookMin: UInt64 = 10_000_000

    private let stockMax: Int
    /// How many IDs there should be, in stock and on their way.
    private(set) var window: Int
    /// How many one LEASE may ask for, as far as is known.
    private(set) var askMax: Int
    private var lookedAt: UInt64
    private var taken = 0

    init(stockMax: Int, now: UInt64) {
        self.stockMax = stockMax
        window = min(PoolSizing.windowMin, stockMax)
        askMax = PoolSizing.askLimit
        lookedAt = now
    }

    /// How many IDs a thread takes to its seat at once.
    var chunk: Int { min(max(window / PoolSizing.chunksPerWindow, 1), PoolSizing.chunkMax) }

    mutating func took(_ count: Int) { taken += count }

    /// Whether it is time to ask for more.
    func isLow(_ ahead: Int) -> Bool { ahead <= window / 2 }

    /// Fits the window to the rate since the last look.
    ///
    /// - Parameter now: CLOCK_MONOTONIC, in nanoseconds.
    mutating func look(now: UInt64) {
        let elapsed = max(now - min(now, lookedAt), 1000)
        guard elapsed >= PoolSizing.lookMin || taken >= window / 4 else { return }
        let wanted = Double(taken) / Double(elapsed) * 1e9 * PoolSizing.span
        let most = min(window.multipliedReportingOverflow(by: PoolSizing.changeMax).partialValue, stockMax)
        let least = max(window / PoolSizing.changeMax, min(PoolSizing.windowMin, stockMax))
        window = wanted >= Double(most) ? most : max(Int(wanted), least)
        lookedAt = now
        taken = 0
    }

    /// How many IDs the next LEASE asks for; 0: none is needed.
    ///
    /// - Parameters:
    ///   - ahead: IDs in stock and on their way.
    ///   - asks: LEASE requests that are under way.
    ///   - waiting: callers that wait for an ID.
    func nextAsk(ahead: Int, asks: Int, waiting: Int) -> Int {
        guard asks < PoolSizing.asksMax else { return 0 }
        return max(min(max(window, waiting) - ahead, askMax), 0)
    }

    /// The daemon has granted a LEASE of this size.
    mutating func granted(_ count: Int) {
        if count >= askMax { askMax = min(2 * askMax, PoolSizing.askLimit) }
    }

    /// The daemon has refused a LEASE of this size; whether a smaller one is worth a try: it may have less in stock, or a
    /// lower `server.max-batch`. Down to one ID, since the last ones are as good as others.
    mutating func refused(_ count: Int) -> Bool {
        guard count > 1 else { return false }
        askMax = min(askMax, max(count / 8, 1))
        return true
    }
}
