private import Foundation

/// Which of many tags a request is for.
enum Popularity: String, CaseIterable, Sendable {
    /// Each as often as any other.
    case uniform
    /// A few much more often than the rest: the n-th in proportion to n to the power of -0.99, as in the workloads of YCSB
    /// (Cooper and others: Benchmarking cloud serving systems with YCSB, 2010).
    case zipf

    /// Numbers of tags in a random order, the same for the same arguments.
    ///
    /// - Parameters:
    ///   - tags: how many there are; the numbers are 0 ..< tags.
    ///   - count: of the numbers.
    func picks(tags: Int, count: Int, seed: UInt64 = 1) -> [Int32] {
        var random = SplitMix64(seed: seed)
        switch self {
        case .uniform:
            return (0..<count).map { _ in Int32(Int.random(in: 0..<tags, using: &random)) }
        case .zipf:
            let zipf = Zipf(count: tags, exponent: 0.99)
            // Which tags are the popular ones is left to chance: else they would be neighbours in memory.
            let ranked = (0..<Int32(tags)).shuffled(using: &random)
            return (0..<count).map { _ in ranked[zipf.rank(at: random.unit())] }
        }
    }
}

/// Zipf's distribution over the ranks 0 ..< count.
struct Zipf: Sendable {
    /// The share of all ranks up to and including each.
    private let cumulative: [Double]

    init(count: Int, exponent: Double) {
        precondition(count > 0)
        var sum = 0.0
        let sums = (1...count).map { rank in
            sum += pow(Double(rank), -exponent)
            return sum
        }
        let whole = sum
        cumulative = sums.map { $0 / whole }
    }

    /// The rank at a share of all that is drawn, from [0, 1): the first whose cumulative share is above it.
    func rank(at share: Double) -> Int {
        var low = 0
        var high = cumulative.count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] > share { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
