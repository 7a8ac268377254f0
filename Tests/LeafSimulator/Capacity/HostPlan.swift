#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// What one host of a fleet is, and what happens to it. Times are in seconds since its start.
package struct HostPlan: Sendable {
    package var tags = 1
    package var shape = LoadShape.steady(rate: 1)
    package var tableStep: Int64 = 1000
    package var rules: StockRules
    /// Where in a daily curve or between two bursts the host is started.
    package var phase = 0.0
    /// Rates differ from tag to tag, by up to this factor both ways around the shape's.
    package var spread = 1.0
    /// All tags have their bursts at the same time, instead of each at its own.
    package var isInStep = false
    package var seed: UInt64 = 0
    /// `store.beat`.
    package var beat = 30.0
    /// Between two readings of the tag list.
    package var list = 60.0
    package var roundTrip = Duration.milliseconds(1)
    /// When the store is away.
    package var outage: Range<Double>?

    package init(rules: StockRules) {
        self.rules = rules
    }

    func isAway(_ seconds: Double) -> Bool { outage?.contains(seconds) ?? false }

    /// The tags' rates in parts of the shape's, 1 on average, their logarithms even over `spread`.
    func factors(_ random: inout SeededRandom) -> [Double] {
        let shift = random.unit()
        let raw = (0..<tags).map { pow(spread, 2 * (Double($0) + shift) / Double(tags) - 1) }
        let mean = raw.reduce(0, +) / Double(tags)
        return raw.map { $0 / mean }
    }

    /// The requests of one tag.
    func arrivals(factor: Double, _ random: inout SeededRandom) -> Arrivals {
        let turn = random.unit()
        var phase = self.phase
        switch shape {
        case .random, .daily: break
        case .steady(let rate): phase += turn / rate
        case .bursts(_, _, let every): if !isInStep { phase += turn * every }
        }
        return Arrivals(shape.times(factor), phase: phase, seed: random.next())
    }
}

extension SeededRandom {
    /// In 0..<1.
    mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
}

extension StockRules {
    /// The configuration's defaults, with what is to be varied.
    ///
    /// - Parameter reserve: in seconds, `segments.reserve`.
    package static func defaults(
        reserve: Double = 1800, minStep: Int64 = 100, maxStep: Int64 = 1_000_000, preload: Double = 0.1,
        shortLife: Double = 900, longLife: Double = 1800, maxSegments: Int = 1000
    ) -> StockRules {
        StockRules(
            step: StepPolicy(
                minStep: minStep, maxStep: maxStep, adjustRatio: 2, shortLife: .seconds(shortLife),
                longLife: .seconds(longLife)),
            preloadThreshold: preload, reserve: .seconds(reserve), maxSegments: maxSegments, window: .seconds(1),
            failoverGap: 100 * maxStep)
    }
}

/// What a host has asked of the store.
package struct HostTally: Hashable, Sendable {
    /// Counts by the second since the host's start.
    package struct PerSecond: Hashable, Sendable {
        package private(set) var counts: [Int64] = []

        mutating func add(_ count: Int64, at seconds: Double) {
            let index = Int(seconds)
            while counts.count <= index { counts.append(0) }
            counts[index] += count
        }

        /// How many in these seconds.
        package func sum(_ seconds: Range<Int>) -> Int64 {
            counts[min(seconds.lowerBound, counts.count)..<min(seconds.upperBound, counts.count)].reduce(0, +)
        }
    }

    package var leases = PerSecond()
    /// IDs that the leases brought.
    package var leased = PerSecond()
    /// Transactions that leased something.
    package var batches = PerSecond()
    package var beats = PerSecond()
    /// Readings of the tag list.
    package var lists = PerSecond()
    /// Sessions opened.
    package var opens = PerSecond()
    /// Calls that the store did not answer.
    package var failures: Int64 = 0
    /// Requests that had to wait for a lease.
    package var waits: Int64 = 0
    /// Requests that got no ID.
    package var refused: Int64 = 0
    package var firstRefusalAt: Double?

    mutating func note(_ path: WritableKeyPath<HostTally, PerSecond>, _ seconds: Double, _ count: Int64 = 1) {
        self[keyPath: path].add(count, at: seconds)
    }
}
