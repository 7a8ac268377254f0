internal import LeafCore

extension UTCTime {
    /// Reads `2019-09-06T01:35:00Z` back; nil for any other form.
    init?(iso8601 text: String) {
        let bytes = Array(text.utf8)
        let form = Array("0000-00-00T00:00:00Z".utf8)
        guard bytes.count == form.count else { return nil }
        let digit = UInt8(ascii: "0")...UInt8(ascii: "9")
        let fits = zip(bytes, form).allSatisfy { $1 == digit.lowerBound ? digit.contains($0) : $0 == $1 }
        guard fits else { return nil }
        func number(_ range: Range<Int>) -> Int64 { bytes[range].reduce(0) { $0 * 10 + Int64($1 - digit.lowerBound) } }
        // Days since 1970, of years that begin in March (Howard Hinnant, days_from_civil).
        let month = number(5..<7)
        let year = number(0..<4) - (month <= 2 ? 1 : 0)
        let (era, yearOfEra) = (year / 400, year % 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + number(8..<10) - 1
        let day = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let seconds = ((day * 24 + number(11..<13)) * 60 + number(14..<16)) * 60 + number(17..<19)
        self.init(milliseconds: seconds * 1000)
    }
}
