import LeafCore
import Testing

@Suite struct StepPolicyTests {
    let policy = StepPolicy(
        minStep: 100, maxStep: 1_000_000, adjustRatio: 2, shortLife: .seconds(900), longLife: .seconds(1800))

    @Test(
        arguments: [
            // step, life of the last segment in seconds, table's step → next step
            (1000, 0, 1000, 2000),
            (1000, 899, 1000, 2000),
            (1000, 900, 1000, 1000),
            (1000, 1799, 1000, 1000),
            (4000, 1800, 1000, 2000),
            (1000, 9999, 1000, 1000),
            (800_000, 1, 1000, 1_000_000),
            (1_000_000, 1, 1000, 1_000_000),
            (150, 9999, 10, 100),
            (500, 1, 5_000_000, 1_000_000),
        ] as [(Int64, Int64, Int64, Int64)])
    func `the step follows the life of the last segment`(step: Int64, life: Int64, table: Int64, next: Int64) {
        #expect(policy.next(after: step, life: .seconds(life), tableStep: table) == next)
    }

    @Test(arguments: [(10, 100), (1000, 1000), (5_000_000, 1_000_000)] as [(Int64, Int64)])
    func `the first step is the table's, within bounds`(table: Int64, step: Int64) {
        #expect(policy.initial(tableStep: table) == step)
    }
}

@Suite struct BackoffTests {
    @Test func `waits are random, up to a bound that doubles up to five seconds`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var backoff = Backoff()
            var whole = 50.0
            for _ in 0..<20 {
                let wait = backoff.fail(using: &random).inMilliseconds
                #expect(wait >= 1 && wait <= whole)
                whole = min(whole * 2, 5000)
            }
            backoff.succeed()
            let afterSuccess = backoff.fail(using: &random)
            #expect(afterSuccess <= .milliseconds(50))
        }
    }

    @Test func `a fleet that failed in one moment comes back spread over five seconds`() {
        var random = SystemRandomNumberGenerator()
        var arrivals = Array(repeating: 0, count: 50)
        let daemons = 10_000
        for _ in 0..<daemons {
            // The server is gone for a minute. Who tries then is answered by the first try after it.
            var backoff = Backoff()
            var time = Duration.zero
            while time < .seconds(60) { time += backoff.fail(using: &random) }
            arrivals[min(49, Int((time - .seconds(60)).inMilliseconds / 100))] += 1
        }
        // Even tries all the time, of which these are what is left of each wait: densest at first, 2 in 5 s at the mean.
        let most = arrivals.max() ?? 0
        #expect(Double(most) < Double(daemons) * 0.1 * 2 / 5 * 1.25, "\(arrivals)")
        #expect(arrivals.reduce(0, +) == daemons)
    }
}

@Suite struct StoreLinkTests {
    @Test func `a failing store is not tried before its time, and its return is news once`() throws {
        var random = SystemRandomNumberGenerator()
        let start = MonotonicTime(nanoseconds: 1_000)
        var link = StoreLink(now: start)
        #expect(link.mayTry(now: start) && !link.isBackingOff)
        let isNews = [link.failed(now: start, using: &random), link.failed(now: start, using: &random)]
        #expect(isNews == [true, false])
        #expect(link.isBackingOff)
        let retryAt = try #require(link.retryAt)
        #expect(!link.mayTry(now: start))
        #expect(link.mayTry(now: retryAt))
        let isGoodNews = [link.succeeded(now: retryAt), link.succeeded(now: retryAt)]
        #expect(isGoodNews == [true, false])
        #expect(link.isUp && link.retryAt == nil && link.errors == 2)
    }
}

@Suite struct RateMeterTests {
    @Test func `a steady rate is measured, and decays when nothing more comes`() {
        var now = MonotonicTime(nanoseconds: 0)
        var meter = RateMeter(issued: 0, now: now)
        for second in 1...1200 {
            now = now.advanced(by: .seconds(1))
            meter.update(issued: Int64(second * 500), now: now)
        }
        #expect(abs(meter.perSecond(now: now) - 500) < 1)
        #expect(abs(meter.perSecondOverMinute(now: now) - 500) < 5)
        #expect(abs(meter.perSecondOverTenMinutes(now: now) - 500) < 100)
        let later = now.advanced(by: .seconds(600))
        #expect(meter.perSecond(now: later) == 0)
        #expect(meter.perSecondOverMinute(now: later) < 1)
        #expect(abs(meter.perSecondOverTenMinutes(now: later) - 184) < 50)
    }
}
