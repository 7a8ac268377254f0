/// A point in time as people read it: ISO 8601, in UTC.
///
/// A few divisions instead of a date formatter: an event loop writes it into its replies.
package struct UTCTime: Hashable, Sendable {
    /// Since 1970, as Unix counts them: days have 86,400 seconds.
    package let milliseconds: Int64

    /// - Parameter milliseconds: since 1970; any.
    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// `2019-09-06T01:35:00.834Z`
    package var iso8601: String {
        text {
            $0.putDate(day)
            $0.putClock(of: timeOfDay, withMilliseconds: true)
        }
    }

    /// `2019-09-06T01:35:00Z`
    package var iso8601Seconds: String {
        text {
            $0.putDate(day)
            $0.putClock(of: timeOfDay, withMilliseconds: false)
        }
    }

    /// `2019-09-06`
    package var date: String { text { $0.putDate(day) } }

    private static let millisecondsOfDay: Int64 = 86_400_000

    /// Since 1970; negative before.
    private var day: Int64 {
        let (quotient, rest) = milliseconds.quotientAndRemainder(dividingBy: UTCTime.millisecondsOfDay)
        return rest < 0 ? quotient - 1 : quotient
    }

    /// In milliseconds.
    private var timeOfDay: Int64 {
        let rest = milliseconds % UTCTime.millisecondsOfDay
        return rest < 0 ? rest + UTCTime.millisecondsOfDay : rest
    }

    private func text(_ put: (inout Digits) -> Void) -> String {
        var digits = Digits()
        put(&digits)
        return String(decoding: digits.bytes, as: UTF8.self)
    }
}

/// Text of numbers, put together from its parts.
private struct Digits {
    private(set) var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(32)
    }

    /// The date of a day, in the Gregorian calendar.
    ///
    /// Years begin in March here, so that the leap day is the last of a year, and 400 of them are an era of 146,097 days
    /// (Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, `civil_from_days`).
    ///
    /// - Parameter day: since 1970.
    mutating func putDate(_ day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        // What has more than four digits carries its sign (ISO 8601, 4.1.2.4).
        if year < 0 { put("-") } else if year > 9999 { put("+") }
        put(Int64(year.magnitude), atLeast: 4)
        put("-")
        put(month, atLeast: 2)
        put("-")
        put(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, atLeast: 2)
    }

    /// - Parameter time: in milliseconds since midnight.
    mutating func putClock(of time: Int64, withMilliseconds: Bool) {
        put("T")
        put(time / 3_600_000, atLeast: 2)
        put(":")
        put(time / 60_000 % 60, atLeast: 2)
        put(":")
        put(time / 1000 % 60, atLeast: 2)
        if withMilliseconds {
            put(".")
            put(time % 1000, atLeast: 3)
        }
        put("Z")
    }

    private mutating func put(_ character: Unicode.Scalar) {
        bytes.append(UInt8(ascii: character))
    }

    private mutating func put(_ number: Int64, atLeast places: Int) {
        var scale: Int64 = 1
        for _ in 1..<places { scale *= 10 }
        while number / scale >= 10 { scale *= 10 }
        while scale > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / scale % 10))
            scale /= 10
        }
    }
}
