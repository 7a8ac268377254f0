import Foundation
import Testing

@testable import leaf_bench

struct PopularityTests {
    @Test func `Zipf's ranks have their shares`() {
        let zipf = Zipf(count: 1000, exponent: 0.99)
        let whole = (1...1000).reduce(0.0) { $0 + pow(Double($1), -0.99) }
        // By how wide the stretch of [0, 1) is that leads to each rank.
        var drawn = [Int](repeating: 0, count: 1000)
        let draws = 1_000_000
        for draw in 0..<draws { drawn[zipf.rank(at: (Double(draw) + 0.5) / Double(draws))] += 1 }
        for rank in [0, 1, 2, 9, 99, 999] {
            let share = pow(Double(rank + 1), -0.99) / whole
            #expect(abs(Double(drawn[rank]) - share * Double(draws)) <= 1, "rank \(rank)")
        }
    }

    @Test func `the ends of the range lead to the first and the last rank`() {
        let zipf = Zipf(count: 10, exponent: 0.99)
        #expect(zipf.rank(at: 0) == 0)
        #expect(zipf.rank(at: 1.0.nextDown) == 9)
        #expect(zipf.rank(at: 1) == 9)
        #expect(Zipf(count: 1, exponent: 0.99).rank(at: 0.5) == 0)
    }

    @Test(arguments: Popularity.allCases)
    func `picks are tags that there are, and the same from the same seed`(popularity: Popularity) {
        let picks = popularity.picks(tags: 100, count: 10_000)
        #expect(picks.count == 10_000)
        #expect(picks.allSatisfy { (0..<100).contains($0) })
        #expect(picks == popularity.picks(tags: 100, count: 10_000))
        #expect(picks != popularity.picks(tags: 100, count: 10_000, seed: 2))
    }

    @Test func `uniform picks take all tags about as often, Zipf's take one much more often`() {
        func most(_ popularity: Popularity) -> Int {
            let picks = popularity.picks(tags: 100, count: 100_000)
            return Dictionary(grouping: picks) { $0 }.values.map(\.count).max() ?? 0
        }
        #expect(Set(Popularity.uniform.picks(tags: 100, count: 100_000)).count == 100)
        // Of one seed: the same in each run. Expected are 1,000 with a deviation of 31, and about 18,900.
        #expect(most(.uniform) < 1150)
        #expect((18_000..<20_000).contains(most(.zipf)))
    }

    @Test func `the most popular tag is not the first one`() {
        let picks = Popularity.zipf.picks(tags: 1000, count: 10_000)
        let counts = Dictionary(grouping: picks) { $0 }.mapValues(\.count)
        #expect(counts.max { $0.value < $1.value }?.key != 0)
    }

    @Test func `SplitMix64 gives its published numbers`() {
        // The first three of seed 1234567 by the reference implementation (prng.di.unimi.it/splitmix64.c).
        var random = SplitMix64(seed: 1_234_567)
        let numbers = (0..<3).map { _ in random.next() }
        #expect(numbers == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }
}
