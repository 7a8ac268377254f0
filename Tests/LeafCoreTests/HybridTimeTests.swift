import LeafCore
import Testing

/// Two clocks that a test moves: in microseconds.
struct TestClocks {
    var boot: Int64 = 5_000_000
    var wall: Int64 = 1_700_000_000_000_000

    mutating func pass(_ microseconds: Int64) {
        boot += microseconds
        wall += microseconds
    }

    mutating func step(_ microseconds: Int64) { wall += microseconds }

    var reading: ClockReading {
        ClockReading(boot: MonotonicTime(nanoseconds: UInt64(boot) * 1000), wall: wall)
    }
}

@Suite("The time that snowflakes are stamped with")
struct HybridTimeTests {
    static let second: Int64 = 1_000_000
    static let year: Int64 = 365 * 86_400 * 1_000_000

    @Test func `without steps it is the wall clock`() {
        var clocks = TestClocks()
        var time = HybridTime(clocks.reading)
        for pause in [1, 999, 1_000, 7_200 * Self.second] {
            clocks.pass(pause)
            #expect(time.advance(to: clocks.reading) == clocks.wall)
        }
        #expect(time.steps == 0 && time.offset == 0)
    }

    @Test(arguments: [-year, -3600 * second, -second, -5_000, -1_000, 1_000, 5_000, second, 3600 * second, year])
    func `whatever the wall clock does, it never goes back, and never runs more than twice as fast unasked`(step: Int64)
    {
        var clocks = TestClocks()
        var time = HybridTime(clocks.reading)
        var before = time.now
        for tick in 0..<10_000 {
            clocks.pass(997)
            if tick == 100 { clocks.step(step) }
            if tick == 5_000 { clocks.step(-step) }
            let now = time.advance(to: clocks.reading)
            #expect(now >= before && now <= before + 2 * 997 + 1)
            before = now
        }
        #expect(time.steps == 2)
        #expect(abs(time.offset) < Self.second, "back where the wall clock is")
    }

    @Test func `a small step is caught up with at once`() {
        for step in [-5_000, -1_000, 1_000, 5_000] as [Int64] {
            var clocks = TestClocks()
            var time = HybridTime(clocks.reading)
            clocks.step(step)
            for _ in 0..<20 {
                clocks.pass(1_000)
                _ = time.advance(to: clocks.reading)
            }
            #expect(time.offset == 0, "\(step)")
        }
    }

    @Test func `a large step is not believed, until the database's clock says the same`() {
        var clocks = TestClocks()
        var time = HybridTime(clocks.reading)
        let start = clocks.wall
        clocks.step(3600 * Self.second)
        clocks.pass(30 * Self.second)
        #expect(time.advance(to: clocks.reading) == start + 30 * Self.second)
        // The database does not agree with the wall clock: nothing changes.
        time.compare(clocks.reading, database: start + 30 * Self.second)
        #expect(time.now == start + 30 * Self.second && time.offset == 3600 * Self.second)
        clocks.pass(30 * Self.second)
        time.compare(clocks.reading, database: clocks.wall - Self.second / 2)
        #expect(time.now == clocks.wall && time.offset == 0)
    }

    @Test
    func `a large step that stands for ten minutes is believed, unless the database's clock goes on contradicting`() {
        var clocks = TestClocks()
        var (alone, contradicted) = (HybridTime(clocks.reading), HybridTime(clocks.reading))
        let start = clocks.wall
        clocks.step(3600 * Self.second)
        for minute in 1...15 as ClosedRange<Int64> {
            clocks.pass(60 * Self.second)
            _ = alone.advance(to: clocks.reading)
            contradicted.compare(clocks.reading, database: start + minute * 60 * Self.second)
        }
        #expect(alone.now == clocks.wall)
        #expect(contradicted.now == start + 900 * Self.second)
    }

    @Test func `after a believed step back it goes at half speed until the wall clock has caught up`() {
        var clocks = TestClocks()
        var time = HybridTime(clocks.reading)
        clocks.step(-10 * Self.second)
        clocks.pass(Self.second)
        time.compare(clocks.reading, database: clocks.wall)
        let before = time.now
        clocks.pass(4 * Self.second)
        #expect(time.advance(to: clocks.reading) == before + 2 * Self.second)
        for _ in 0..<30 {
            clocks.pass(Self.second)
            _ = time.advance(to: clocks.reading)
        }
        #expect(time.offset == 0)
    }

    @Test func `it begins no earlier than it is told, and lets the wall clock catch up`() {
        var clocks = TestClocks()
        let floor = clocks.wall + Self.second
        var time = HybridTime(clocks.reading, notBefore: floor)
        #expect(time.now == floor && time.offset == -Self.second)
        for _ in 0..<300 {
            clocks.pass(10_000)
            _ = time.advance(to: clocks.reading)
        }
        #expect(time.offset == 0)
    }

    @Test func `what was never stamped may be taken back, as far as the wall clock and the position allow`() {
        var clocks = TestClocks()
        clocks.step(Self.year)
        var time = HybridTime(clocks.reading)
        clocks.pass(Self.second)
        clocks.step(-Self.year)
        _ = time.advance(to: clocks.reading)
        #expect(time.now > clocks.wall)
        var other = time
        time.fallBack(notBelow: 0)
        #expect(time.now == clocks.wall && time.offset == 0)
        other.fallBack(notBelow: clocks.wall + 5)
        #expect(other.now == clocks.wall + 5)
    }
}
