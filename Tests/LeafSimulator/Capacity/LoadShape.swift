#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// How many IDs a tag is asked for, over the seconds since its host was started.
package enum LoadShape: Hashable, Sendable {
    /// One at a time at this mean rate, in IDs a second, as chance has it (a Poisson process): for low rates, since each
    /// request is an event of its own.
    case random(rate: Double)
    /// Evenly at this rate, in IDs a second.
    case steady(rate: Double)
    /// Evenly at this rate for the first `on` seconds of every `every`, and not at all in between.
    case bursts(rate: Double, on: Double, every: Double)
    /// A mean rate that a sine wave of one day moves between a tenth and nineteen tenths of it.
    case daily(rate: Double)

    /// The best fit for a constant rate: below 2 IDs a second each request counts.
    package static func constant(_ rate: Double) -> LoadShape { rate < 2 ? .random(rate: rate) : .steady(rate: rate) }

    /// IDs a second, over a long time.
    package var mean: Double {
        switch self {
        case .random(let rate), .steady(let rate), .daily(let rate): rate
        case .bursts(let rate, let on, let every): rate * on / every
        }
    }

    /// The same shape for a host with `factor` times the load.
    func times(_ factor: Double) -> LoadShape {
        switch self {
        case .random(let rate): .random(rate: rate * factor)
        case .steady(let rate): .steady(rate: rate * factor)
        case .bursts(let rate, let on, let every): .bursts(rate: rate * factor, on: on, every: every)
        case .daily(let rate): .daily(rate: rate * factor)
        }
    }

    private static let day = 86_400.0
    private static let swing = 0.9

    /// IDs asked for in `0..<seconds`, on average.
    func count(by seconds: Double) -> Double {
        switch self {
        case .random(let rate), .steady(let rate): return rate * seconds
        case .bursts(let rate, let on, let every):
            let periods = (seconds / every).rounded(.down)
            return rate * (periods * on + min(on, seconds - periods * every))
        case .daily(let rate):
            let turn = 2 * Double.pi / LoadShape.day
            return rate * (seconds - LoadShape.swing * sin(turn * seconds) / turn)
        }
    }

    /// The second at which `count(by:)` reaches `count`.
    func time(of count: Double) -> Double {
        switch self {
        case .random(let rate), .steady(let rate): return count / rate
        case .bursts(let rate, let on, let every):
            let periods = (count / (rate * on)).rounded(.down)
            let rest = count - periods * rate * on
            // What completes a burst was asked for at its end, not at the beginning of the next.
            return rest > 0 ? periods * every + rest / rate : max(0, periods - 1) * every + on
        case .daily(let rate):
            // Monotonic, and never further than this from the straight line.
            let reach = LoadShape.swing * LoadShape.day / (2 * Double.pi)
            var low = max(0, count / rate - reach)
            var high = count / rate + reach
            for _ in 0..<40 {
                let middle = (low + high) / 2
                if self.count(by: middle) < count { low = middle } else { high = middle }
            }
            return high
        }
    }
}

/// The requests of one tag as they come.
struct Arrivals {
    private let shape: LoadShape
    /// How far into the shape the host was started, in seconds.
    private let phase: Double
    private let before: Double
    private var random: SeededRandom
    private var drawn: Int64 = 0
    private var nextAt = 0.0

    init(_ shape: LoadShape, phase: Double, seed: UInt64) {
        self.shape = shape
        self.phase = phase
        before = shape.count(by: phase)
        random = SeededRandom(seed: seed)
        if case .random = shape { draw() }
    }

    private mutating func draw() {
        nextAt += -log(1 - random.unit()) / shape.mean
    }

    /// IDs asked for until now.
    mutating func count(by seconds: Double) -> Int64 {
        guard case .random = shape else {
            // Room for the rounding of a time to nanoseconds and back.
            return Int64(shape.count(by: phase + seconds) - before + 1e-3)
        }
        while nextAt <= seconds {
            drawn += 1
            draw()
        }
        return drawn
    }

    /// When `count` is reached, or earlier: then it must be asked again.
    func time(of count: Int64) -> Double {
        guard case .random = shape else { return shape.time(of: before + Double(count)) - phase }
        return nextAt
    }
}
