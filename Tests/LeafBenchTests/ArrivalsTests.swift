import Testing

@testable import leaf_bench

struct ArrivalsTests {
    private func times(_ count: Int, _ arrivals: Arrivals) -> [Int64] {
        var arrivals = arrivals
        return (0..<count).map { _ in arrivals.next() }
    }

    @Test func `evenly spaced requests are due at multiples of the distance`() {
        let times = times(4, Arrivals(requestsPerSecond: 20_000, .even))
        #expect(times == [0, 50_000, 100_000, 150_000])
    }

    @Test func `no rounding adds up over a million requests`() {
        let times = times(1_000_001, Arrivals(requestsPerSecond: 30_000, .even))
        #expect(times[3] == 100_000)
        #expect(times[1_000_000] == 33_333_333_333)
    }

    @Test(arguments: [1, 2, 3, 7])
    func `the threads' requests together are those of one`(threads: Int) {
        let all = (0..<threads).flatMap {
            times(100, Arrivals(requestsPerSecond: 20_000, .even, thread: $0, of: threads))
        }
        #expect(all.sorted() == times(100 * threads, Arrivals(requestsPerSecond: 20_000, .even)))
    }

    @Test func `a Poisson process has the rate asked for, and gaps as scattered as their mean`() {
        let times = times(200_000, Arrivals(requestsPerSecond: 10_000, .poisson(seed: 3)))
        #expect(times == times.sorted())
        let gaps = zip(times.dropFirst(), times).map { Double($0 - $1) }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        // From one seed: the same in each run. The standard error of the mean is 0.2 %.
        #expect(abs(mean - 100_000) < 1000)
        #expect(abs(variance.squareRoot() / mean - 1) < 0.02)
    }

    @Test func `threads of a Poisson process share the rate, and do not march in step`() {
        let one = times(10_000, Arrivals(requestsPerSecond: 10_000, .poisson(seed: 3), thread: 0, of: 2))
        let two = times(10_000, Arrivals(requestsPerSecond: 10_000, .poisson(seed: 3), thread: 1, of: 2))
        #expect(Set(one).intersection(two).count < 10)
        #expect(abs(Double(one.last!) / 2e9 - 1) < 0.05)
    }

    @Test func `what waits for replies comes back in the order it went in`() throws {
        var times = Queue<Int64>()
        var next: Int64 = 0
        var expected: Int64 = 0
        for round in 1...100 {
            for _ in 0..<round % 7 + 1 {
                times.append(next)
                next += 1
            }
            while expected < next - Int64(round % 3) {
                let found = try times.removeFirst()
                try #require(found == expected)
                expected += 1
            }
        }
        while expected < next {
            let found = try times.removeFirst()
            try #require(found == expected)
            expected += 1
        }
        #expect(throws: Problem.self) { _ = try times.removeFirst() }
    }
}
