/// What all hosts of a fleet ask of the store in each second, as the sum of hosts that were played one by one.
package struct FleetSum: Hashable, Sendable {
    /// By the second since the first host's start.
    package let counts: [Double]

    /// - Parameters:
    ///   - played: by the second since its start, of each host that was played.
    ///   - hosts: each is one of the played ones, in turn.
    ///   - spread: the seconds within which they are started, each at its own random moment.
    package init(_ played: [[Int64]], hosts: Int, spread: Int, seed: UInt64) {
        precondition(!played.isEmpty && hosts >= 1 && spread >= 1)
        let length = played.map(\.count).max()! + spread
        var sums = [Double](repeating: 0, count: length)
        // Where that is less work: how many hosts of each played one start in each second.
        var starts = [Int](repeating: 0, count: played.count * spread)
        var random = SeededRandom(seed: seed)
        for host in 0..<hosts { starts[host % played.count * spread + random.below(spread)] += 1 }
        for (index, counts) in played.enumerated() {
            let busy = counts.enumerated().filter { $0.element > 0 }
            for start in 0..<spread where starts[index * spread + start] > 0 {
                let times = Double(starts[index * spread + start])
                for (second, count) in busy { sums[start + second] += times * Double(count) }
            }
        }
        counts = sums
    }

    /// In one second, on average over these.
    package func mean(_ seconds: Range<Int>) -> Double {
        counts[seconds.clamped(to: counts.indices)].reduce(0, +) / Double(seconds.count)
    }

    /// In the busiest of these seconds.
    package func peak(_ seconds: Range<Int>) -> Double {
        counts[seconds.clamped(to: counts.indices)].max() ?? 0
    }
}
