import Testing

@testable import leaf_bench

/// What redis-benchmark of Debian 12 prints (7.0.15), shortened.
private let printed = """
     \rINCR orders: rps=0.0 (overall: -nan) avg_msec=-nan (overall: -nan)\r       \r====== INCR orders ======
      20000 requests completed in 0.31 seconds
      5 parallel clients
      26 bytes payload
      keep alive: 1
      host configuration "save": \n\
      host configuration "appendonly": no
      multi-thread: no

    Latency by percentile distribution:
    0.000% <= 0.023 milliseconds (cumulative count 55)
    50.000% <= 0.047 milliseconds (cumulative count 13248)
    75.000% <= 0.055 milliseconds (cumulative count 16490)
    98.438% <= 0.111 milliseconds (cumulative count 19711)
    99.219% <= 0.191 milliseconds (cumulative count 19851)
    99.805% <= 0.551 milliseconds (cumulative count 19961)
    99.902% <= 1.039 milliseconds (cumulative count 19981)
    99.951% <= 3.279 milliseconds (cumulative count 19991)
    100.000% <= 3.767 milliseconds (cumulative count 20000)

    Cumulative distribution of latencies:
    98.325% <= 0.103 milliseconds (cumulative count 19665)
    100.000% <= 4.103 milliseconds (cumulative count 20000)

    Summary:
      throughput summary: 65359.48 requests per second
      latency summary (msec):
              avg       min       p50       p95       p99       max
            0.048     0.016     0.047     0.071     0.151     3.767

    """

@Suite
struct LoadGeneratorTests {
    @Test
    func `What redis-benchmark prints is read: the rate, and the percentiles in microseconds`() throws {
        let sample = try LoadGenerator.sample(printed)
        #expect(sample.requestsPerSecond == 65359.48)
        #expect(abs(sample.p50Microseconds - 47) < 1e-6)
        #expect(abs(sample.p99Microseconds - 151) < 1e-6, "from the summary, since the table has no line for 99 %")
        #expect(abs(sample.p999Microseconds - 1039) < 1e-6)
    }

    @Test
    func `A line counts by how many requests it covers, since the lines between may be left out`() throws {
        let sample = try LoadGenerator.sample(
            printed.replacing(
                "99.219% <= 0.191 milliseconds (cumulative count 19851)",
                with: "99.219% <= 0.191 milliseconds (cumulative count 19985)"))
        #expect(abs(sample.p999Microseconds - 191) < 1e-6)
    }

    @Test(arguments: ["throughput summary", "% <="])
    func `Output that lacks a figure is an error, not a zero`(missing: String) {
        let cut = printed.split(separator: "\n").filter { !$0.contains(missing) }.joined(separator: "\n")
        #expect(throws: Problem.self) { try LoadGenerator.sample(cut) }
    }
}
