import Foundation
import LeafCore
import Testing

struct UTCTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_567_733_700_834, "2019-09-06T01:35:00.834Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (3_487_858_007_007, "2080-07-10T17:26:47.007Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+10000-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func `a time is written in ISO 8601`(milliseconds: Int64, text: String) {
        #expect(UTCTime(milliseconds: milliseconds).iso8601 == text)
    }

    @Test func `it is also written to the second, rounded down, and as a date alone`() {
        let time = UTCTime(milliseconds: 1_567_733_700_999)
        #expect(time.iso8601Seconds == "2019-09-06T01:35:00Z")
        #expect(time.date == "2019-09-06")
    }

    @Test func `each day from 1900 to 2600 is Foundation's`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        let day: Int64 = 86_400_000
        var wrong: [String] = []
        for number in Int64(-25_567)...230_000 {
            let milliseconds = number * day + (number &* 7_919_993) % day
            let time = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            let parts = calendar.dateComponents([.year, .month, .day], from: time)
            let expected = [parts.year ?? 0, parts.month ?? 0, parts.day ?? 0]
            let written = UTCTime(milliseconds: milliseconds).date.split(separator: "-").compactMap { Int($0) }
            if written != expected { wrong.append("\(milliseconds): \(written), not \(expected)") }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
    }

    @Test func `times in the years 1970 to 2500 are written as Foundation writes them`() {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        var wrong: [String] = []
        // A prime step: all hours, minutes, seconds and milliseconds come by.
        for milliseconds in stride(from: Int64(0), through: 16_725_225_600_000, by: 1_000_000_007) {
            // Half a millisecond more: Foundation cuts off what a Double does not hold exactly.
            let expected = Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1000).formatted(style)
            let written = UTCTime(milliseconds: milliseconds).iso8601
            if written != expected { wrong.append("\(milliseconds): \(written), not \(expected)") }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
    }

    @Test func `the largest and the smallest time have a text`() {
        #expect(UTCTime(milliseconds: .max).iso8601 == "+292278994-08-17T07:12:55.807Z")
        #expect(UTCTime(milliseconds: .min).iso8601 == "-292275055-05-16T16:47:04.192Z")
    }
}
