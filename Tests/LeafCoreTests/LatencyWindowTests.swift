import LeafCore
import Testing

@Suite struct LatencyWindowTests {
    private func at(_ seconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    @Test func `percentiles are within a fifth, and never above the longest`() throws {
        var window = LatencyWindow()
        for millisecond in 1...1000 { window.record(.milliseconds(millisecond), now: at(100)) }
        let summary = try #require(window.summary(now: at(101)))
        #expect(abs(summary.p50.inMilliseconds - 500) < 110)
        #expect(abs(summary.p99.inMilliseconds - 990) < 200)
        #expect(summary.p99 <= summary.longest)
        #expect(summary.longest == .milliseconds(1000))
    }

    @Test func `what is older than a minute is forgotten`() {
        var window = LatencyWindow()
        window.record(.seconds(3), now: at(100))
        #expect(window.summary(now: at(155)) != nil)
        #expect(window.summary(now: at(171)) == nil)
        window.record(.milliseconds(1), now: at(165))
        #expect(window.summary(now: at(170))?.longest == .milliseconds(1))
    }

    @Test func `events that took equally long count each`() throws {
        var window = LatencyWindow()
        window.record(nanoseconds: 1_000, times: 998, now: at(100))
        window.record(nanoseconds: 1_000_000, times: 2, now: at(100))
        let summary = try #require(window.summary(now: at(100)))
        #expect(summary.p50 < .microseconds(2) && summary.p99 < .microseconds(2))
        #expect(summary.p999 > .microseconds(800) && summary.p999 <= summary.longest)
        #expect(summary.longest == .milliseconds(1))
    }

    @Test func `two windows become one, but for what is too old in either`() throws {
        var (first, second) = (LatencyWindow(), LatencyWindow())
        first.record(.seconds(9), now: at(40))
        first.record(.milliseconds(1), now: at(105))
        second.record(.milliseconds(3), now: at(101))
        second.record(.milliseconds(4), now: at(95))
        var sum = first
        sum.add(second)
        let summary = try #require(sum.summary(now: at(106)))
        #expect(summary.longest == .milliseconds(4))
        #expect(abs(summary.p50.inMilliseconds - 3) < 0.6)
        second.add(first)
        #expect(second.summary(now: at(106)) == summary)
        var empty = LatencyWindow()
        empty.add(first)
        #expect(empty.summary(now: at(106)) == first.summary(now: at(106)))
    }

    @Test func `the histogram keeps what the window forgets`() {
        var window = LatencyWindow()
        window.record(nanoseconds: 999, times: 3, now: at(100))
        window.record(nanoseconds: 1_000, times: 4, now: at(170))
        window.record(nanoseconds: 1_000_000, times: 5, now: at(300))
        window.record(.seconds(5000), now: at(2000))
        // Below 1, 2 … 512 µs, 1024 µs … about a second, and all.
        let expected = [3] + Array(repeating: Int64(7), count: 9) + Array(repeating: 12, count: 11) + [13]
        #expect(window.histogram == expected)
        #expect(window.sumNanoseconds == 3 * 999 + 4 * 1000 + 5_000_000 + 5_000_000_000_000)
        var sum = LatencyWindow()
        sum.add(window)
        #expect(sum.histogram == expected)
        var other = LatencyWindow()
        other.record(nanoseconds: 1_500, times: 1, now: at(170))
        other.add(window)
        window.add(other)
        #expect(window.histogram.last == 27 && window.histogram[1] == 2 * 7 + 1)
        #expect(LatencyWindow().histogram == Array(repeating: 0, count: 22))
        #expect(LatencyWindow.histogramBoundsMicroseconds.count == 21)
    }

    @Test func `what takes longer than the last bucket holds is told by the longest`() throws {
        var window = LatencyWindow()
        window.record(.seconds(3600), now: at(100))
        #expect(try #require(window.summary(now: at(100))).p99 == .seconds(3600))
    }
}
