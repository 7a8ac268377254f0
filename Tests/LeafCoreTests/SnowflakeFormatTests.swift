import LeafCore
import Testing

struct SnowflakeFormatTests {
    static let leaf = SnowflakeFormat(layout: .leaf, epoch: 1_288_834_974_657)
    static let js53 = SnowflakeFormat(layout: .js53, epoch: 1_577_836_800_000)
    /// The largest that the configuration takes: 35 million years.
    static let seconds = SnowflakeFormat(
        layout: SnowflakeLayout(unit: .seconds(1), timeBits: 50, workerBits: 7, sequenceBits: 6),
        epoch: 4_102_444_800_000)
    static let formats = [leaf, js53, seconds]

    /// The one that Leaf's documentation takes apart.
    @Test func `Leaf's own example is worker 39, sequence 3448, on 6 September 2019`() throws {
        let id: Int64 = 1_169_786_042_799_259_000
        let parts = try #require(Self.leaf.parts(of: id))
        #expect(parts == SnowflakeFormat.Parts(time: 1_567_733_700_834, worker: 39, sequence: 3448))
        #expect(UTCTime(milliseconds: parts.time).iso8601 == "2019-09-06T01:35:00.834Z")
        #expect(
            Self.leaf.id(unit: Self.leaf.unit(at: 1_567_733_700_834), worker: 39, sequence: 3448) == id)
    }

    @Test(arguments: formats)
    func `what an ID is made of is read back from it, at all ends`(format: SnowflakeFormat) {
        for unit in [0, 1, format.lastUnit / 3, format.lastUnit - 1, format.lastUnit] {
            for worker in [0, 1, format.layout.workers / 2, format.layout.workers - 1] {
                for sequence in [0, 1, format.layout.idsPerUnit - 1] {
                    let id = format.id(unit: unit, worker: worker, sequence: sequence)
                    #expect(
                        format.parts(of: id)
                            == SnowflakeFormat.Parts(
                                time: format.epoch + unit * format.unit, worker: worker, sequence: sequence))
                }
            }
        }
    }

    @Test(arguments: formats)
    func `IDs ascend with time, then worker, then sequence, without a hole in the numbers`(format: SnowflakeFormat) {
        let (worker, sequence) = (format.layout.workers - 1, format.layout.idsPerUnit - 1)
        #expect(format.id(unit: 0, worker: 0, sequence: 0) == 0)
        #expect(
            format.id(unit: 7, worker: 0, sequence: sequence) + 1 == format.id(unit: 7, worker: 1, sequence: 0))
        #expect(
            format.id(unit: 7, worker: worker, sequence: sequence) + 1 == format.id(unit: 8, worker: 0, sequence: 0))
    }

    @Test func `a negative number, and one of more bits than the layout, are no IDs`() {
        for format in Self.formats { #expect(format.parts(of: -1) == nil && format.parts(of: .min) == nil) }
        #expect(Self.leaf.parts(of: .max) != nil)
        #expect(Self.js53.parts(of: (1 << 53) - 1) != nil)
        #expect(Self.js53.parts(of: 1 << 53) == nil)
        #expect(Self.js53.parts(of: .max) == nil)
    }

    @Test(arguments: formats)
    func `a time lies in the unit that begins at or before it`(format: SnowflakeFormat) {
        for unit in [0, 1, 1000, format.lastUnit] {
            let start = format.time(ofUnit: unit)
            #expect(format.unit(at: start) == unit)
            #expect(format.unit(at: start + format.unit - 1) == unit)
            #expect(format.unit(at: start - 1) == unit - 1)
            #expect(format.unit(at: start - format.unit) == unit - 1)
            #expect(format.unit(at: start - format.unit - 1) == unit - 2)
        }
    }

    @Test func `the last unit is where the time bits end`() {
        #expect(UTCTime(milliseconds: Self.leaf.lastTime).iso8601 == "2080-07-10T17:30:30.208Z")
        #expect(Self.js53.lastTime == 1_577_836_800_000 + ((1 << 39) - 1) * 10)
        #expect(Self.seconds.lastTime > 0)
        for format in Self.formats {
            let last = format.id(
                unit: format.lastUnit, worker: format.layout.workers - 1, sequence: format.layout.idsPerUnit - 1)
            let layout = format.layout
            #expect(last == .max >> Int64(63 - layout.timeBits - layout.workerBits - layout.sequenceBits))
        }
    }

    @Test func `formats that could make one ID twice have different texts`() {
        let texts = [
            Self.leaf, Self.js53, Self.seconds, SnowflakeFormat(layout: .leaf, epoch: 1_288_834_974_658),
            SnowflakeFormat(layout: .js53, epoch: 1_288_834_974_657),
            SnowflakeFormat(
                layout: SnowflakeLayout(unit: .milliseconds(2), timeBits: 41, workerBits: 10, sequenceBits: 12),
                epoch: 1_288_834_974_657),
            SnowflakeFormat(
                layout: SnowflakeLayout(unit: .milliseconds(1), timeBits: 40, workerBits: 11, sequenceBits: 12),
                epoch: 1_288_834_974_657),
            SnowflakeFormat(
                layout: SnowflakeLayout(unit: .milliseconds(1), timeBits: 41, workerBits: 9, sequenceBits: 12),
                epoch: 1_288_834_974_657),
            SnowflakeFormat(
                layout: SnowflakeLayout(unit: .milliseconds(1), timeBits: 41, workerBits: 11, sequenceBits: 11),
                epoch: 1_288_834_974_657),
        ].map(\.text)
        #expect(Set(texts).count == texts.count)
        #expect(texts[0] == "epoch 1288834974657, 41 bits of 1 ms, 10 of worker, 12 of sequence")
    }
}
