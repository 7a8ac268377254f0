import LeafConfiguration
import LeafCore
import Testing

/// Epoch and layout against the clock.
struct SnowflakeTimeTests {
    /// 2026-11-21.
    static let now: Int64 = 1_795_219_200_000
    static let day: Int64 = 86_400_000

    @Test func `an epoch in the future is refused, with its date and the clock's`() {
        #expect(
            problems("snowflake: {epoch: 1826755200000}", now: Self.now) == [
                "leafd.yaml:1:20: snowflake.epoch: 1826755200000: lies in the future, on 2027-11-21: this host's clock "
                    + "says 2026-11-21 — give a time of the past, in milliseconds since 1970, or set the clock right"
            ])
        #expect(problems("snowflake: {epoch: \(Self.now)}", now: Self.now) == [])
        #expect(problems("snowflake: {epoch: \(Self.now + 1)}", now: Self.now).count == 1)
    }

    @Test func `a time that ends within a year is refused, within ten it is warned of`() throws {
        // 36 bits of milliseconds: 795 days and 8.7 hours.
        func yaml(endsAfter days: Int64) -> String {
            let epoch = Self.now + days * Self.day - (1 << 36)
            return
                "snowflake: {epoch: \(epoch), layout: {unit: 1ms, time-bits: 36, worker-bits: 10, sequence-bits: 12}}"
        }
        let refused = problems(yaml(endsAfter: 300), now: Self.now)
        let layout = "{unit: 1ms, time-bits: 36, worker-bits: 10, sequence-bits: 12}"
        let epoch = Self.now + 300 * Self.day - (1 << 36)
        #expect(
            refused == [
                "leafd.yaml:1:20: snowflake.epoch: \(epoch): layout \(layout) has no more IDs after 2027-09-16: this "
                    + "host's clock says 2026-11-21 — choose a later epoch, or a layout with more time-bits or a longer unit"
            ])
        #expect(problems(yaml(endsAfter: -300), now: Self.now).count == 1)
        #expect(problems(yaml(endsAfter: 365), now: Self.now).count == 1)
        #expect(problems(yaml(endsAfter: 366), now: Self.now) == [])
        let warned = try warnings(yaml(endsAfter: 366), now: Self.now)
        #expect(warned.count == 1)
        #expect(warned.first?.contains("has no more IDs after 2027-11-21") == true, "\(warned)")
    }

    @Test func `the layouts last for as long as they say`() throws {
        #expect(try warnings("snowflake: {epoch: 0, layout: leaf}", now: Self.now) == [])
        // 1970 and 41 bits of milliseconds: 2039-09-07.
        #expect(try warnings("snowflake: {epoch: 0, layout: leaf}", now: 1_910_000_000_000).count == 1)
        #expect(problems("snowflake: {epoch: 0, layout: leaf}", now: 2_180_000_000_000).count == 1)
        #expect(try warnings("snowflake: {epoch: 0, layout: js53}", now: 2_180_000_000_000) == [])
    }

    @Test func `a layout alone is to blame where the epoch is the default`() {
        let refused = problems(
            "snowflake: {layout: {unit: 1ms, time-bits: 30, worker-bits: 10, sequence-bits: 12}}", now: Self.now)
        #expect(refused.count == 1)
        #expect(refused.first?.hasPrefix("leafd.yaml:1:21: snowflake.layout: {…}: layout") == true, "\(refused)")
    }

    @Test func `without snowflakes, or with a key that is wrong anyway, nothing more is said`() {
        #expect(problems("snowflake: {enabled: false, epoch: 1826755200000}", now: Self.now) == [])
        #expect(problems("snowflake: {epoch: 1826755200000, layout: sonyflake}", now: Self.now).count == 1)
    }

    @Test(arguments: [0, 4_102_444_800_000])
    func `a clock that is wrong keeps no daemon from starting with the defaults`(now: Int64) throws {
        #expect(problems("log: {level: info}", now: now) == [])
        #expect(try warnings("log: {level: info}", now: now) == [])
    }

    @Test func `a clock that begins in 1970 takes no epoch for the future`() {
        #expect(problems("snowflake: {epoch: 1577836800000}", now: 0) == [])
    }
}
