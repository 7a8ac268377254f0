@testable import LeafClient
import Testing

@Suite("The size of a pool")
struct PoolSizingTests {
    private let second: UInt64 = 1_000_000_000

    /// Takes `rate` IDs a second for `seconds`, asking for more as a pool does; replies come at once.
    private func play(_ sizing: inout PoolSizing, from now: inout UInt64, rate: Int, seconds: Int) {
        var stock = 0
        for _ in 0..<(100 * seconds) {
            now += second / 100
            sizing.took(rate / 100)
            stock -= rate / 100
            guard sizing.isLow(stock) else { continue }
            sizing.look(now: now)
            while case let ask = sizing.nextAsk(ahead: stock, asks: 0, waiting: 1), ask > 0 { stock += ask }
        }
    }

    @Test(arguments: [1000, 100_000, 20_000_000])
    func `becomes a second's worth`(rate: Int) {
        var sizing = PoolSizing(stockMax: 100_000_000, now: 0)
        var now: UInt64 = 0
        play(&sizing, from: &now, rate: rate, seconds: 20)
        #expect(sizing.window >= rate / 2)
        #expect(sizing.window <= rate * 2)
    }

    @Test
    func `shrinks again when fewer are taken`() {
        var sizing = PoolSizing(stockMax: 100_000_000, now: 0)
        var now: UInt64 = 0
        play(&sizing, from: &now, rate: 1_000_000, seconds: 20)
        play(&sizing, from: &now, rate: 1000, seconds: 4000)
        #expect(sizing.window <= 2000)
    }

    @Test
    func `stays within its limits`() {
        var sizing = PoolSizing(stockMax: 50_000, now: 0)
        #expect(sizing.window == 100)
        var now: UInt64 = 0
        play(&sizing, from: &now, rate: 100_000_000, seconds: 5)
        #expect(sizing.window == 50_000)
        #expect(sizing.chunk <= PoolSizing.chunkMax)
        #expect(PoolSizing(stockMax: 10, now: 0).window == 10)
    }

    @Test
    func `does not take a burst for a rate`() {
        var sizing = PoolSizing(stockMax: 100_000_000, now: 0)
        sizing.took(100)
        sizing.look(now: 1000)
        #expect(sizing.window == 400)
    }

    @Test
    func `asks for no more than one LEASE may give, and for less once that was refused`() {
        var sizing = PoolSizing(stockMax: 100_000_000, now: 0)
        #expect(sizing.nextAsk(ahead: 0, asks: 0, waiting: 1_000_000) == 100_000)
        #expect(sizing.nextAsk(ahead: 99, asks: 0, waiting: 0) == 1)
        #expect(sizing.nextAsk(ahead: 100, asks: 0, waiting: 0) == 0)
        #expect(sizing.nextAsk(ahead: 0, asks: PoolSizing.asksMax, waiting: 1) == 0)
        let isWorthLess = sizing.refused(100_000)
        #expect(isWorthLess)
        #expect(sizing.nextAsk(ahead: 0, asks: 0, waiting: 1_000_000) == 12_500)
        for ask in [12_500, 1562, 195, 24, 3] {
            let isWorthMore = sizing.refused(ask)
            #expect(isWorthMore)
        }
        let isWorthMore = sizing.refused(1)
        #expect(!isWorthMore)
        sizing.granted(1)
        #expect(sizing.nextAsk(ahead: 0, asks: 0, waiting: 1_000_000) == 2)
    }
}
