import LeafCore
import Testing

@Suite struct RetriesTests {
    private func pauses(limit: Duration, each: Duration) -> [Duration] {
        var random = SystemRandomNumberGenerator()
        var retries = Retries(limit: limit)
        var elapsed = each
        var pauses: [Duration] = []
        while let pause = retries.pause(elapsed: elapsed, using: &random) {
            pauses.append(pause)
            elapsed += pause + each
        }
        return pauses
    }

    @Test func `five tries, after pauses of one to twenty milliseconds that may grow`() {
        for _ in 0..<200 {
            let pauses = pauses(limit: .seconds(2), each: .milliseconds(1))
            #expect(pauses.count == 4)
            for (pause, longest) in zip(pauses, [2.5, 5, 10, 20]) {
                #expect(pause.inMilliseconds >= 1 && pause.inMilliseconds <= longest)
            }
        }
    }

    @Test func `all tries together take no longer than the limit`() {
        #expect(pauses(limit: .seconds(2), each: .milliseconds(900)).count == 2)
    }

    @Test func `a try that has waited as long by itself is followed by no other`() {
        #expect(pauses(limit: .seconds(2), each: .seconds(2)).isEmpty)
    }
}
