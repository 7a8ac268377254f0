/// Numbers as people read them, each in at most six or seven columns.
enum Units {
    /// `9999`, `12.3k`, `4.56M`.
    static func count(_ number: Int64) -> String {
        guard number.magnitude >= 10_000 else { return String(number) }
        return scaled(Double(number), 1000, ["", "k", "M", "G", "T", "P", "E"])
    }

    /// A rate a second: `0`, `0.25`, `17.5`, `12.3k`.
    static func rate(_ number: Double) -> String {
        scaled(number, 1000, ["", "k", "M", "G", "T", "P", "E"])
    }

    /// `512 B`, `16 KiB`, `1 GiB`.
    static func bytes(_ number: Int64) -> String {
        let units = [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"]
        return scaled(Double(number), 1024, units)
    }

    /// `0.25 ms`, `12.5 s`; a dash where nothing was measured.
    static func milliseconds(_ number: Double?) -> String {
        guard let number else { return "-" }
        return number >= 1000 ? "\(significant(number / 1000)) s" : "\(significant(number)) ms"
    }

    /// `3.2 µs`, `1.5 ms`; a dash where nothing was measured.
    static func microseconds(_ number: Double?) -> String {
        guard let number else { return "-" }
        return number >= 1000 ? milliseconds(number / 1000) : "\(significant(number)) µs"
    }

    /// `45s`, `12m`, `3h05m`, `12d`; a dash for nil: no end in sight.
    static func span(seconds: Double?) -> String {
        guard let seconds, seconds < 1e15 else { return "-" }
        let whole = Int64(max(seconds, 0))
        switch whole {
        case ..<120: return "\(whole)s"
        case ..<7200: return "\(whole / 60)m"
        case ..<172_800: return "\(whole / 3600)h\(pad(whole / 60 % 60))m"
        default: return "\(count(whole / 86_400))d"
        }
    }

    /// `97.5 %`; a dash for nil. What is not whole is never shown as `100 %`: one failure in a million is `99.999 %`.
    static func ratio(_ ratio: Double?) -> String {
        guard let ratio else { return "-" }
        guard ratio < 1, ratio >= 0.999 else { return "\(significant(ratio * 100)) %" }
        var digits = String(Int64(ratio * 100_000))
        digits.insert(".", at: digits.index(digits.startIndex, offsetBy: 2))
        while digits.last == "0" { digits.removeLast() }
        return (digits.last == "." ? String(digits.dropLast()) : digits) + " %"
    }

    private static func pad(_ number: Int64) -> String { number < 10 ? "0\(number)" : String(number) }

    private static func scaled(_ number: Double, _ base: Double, _ units: [String]) -> String {
        var number = number
        var unit = 0
        // 999.95 would round up to four digits.
        while number.magnitude >= base - 0.5 && unit < units.count - 1 {
            number /= base
            unit += 1
        }
        return significant(number) + units[unit]
    }

    /// Three significant digits, as far as they stand behind the point, and no zeros at the end.
    private static func significant(_ number: Double) -> String {
        guard number.isFinite, number.magnitude < 1e15 else { return "-" }
        let places = number.magnitude >= 99.95 ? 1.0 : number.magnitude >= 9.995 ? 10 : 100
        let scaled = Int64((number * places).rounded())
        let (whole, rest) = (scaled.magnitude / UInt64(places), scaled.magnitude % UInt64(places))
        var text = "\(scaled < 0 ? "-" : "")\(whole)"
        guard rest > 0 else { return text }
        let digits = String(rest)
        text += "." + String(repeating: "0", count: places == 100 && digits.count == 1 ? 1 : 0) + digits
        while text.last == "0" { text.removeLast() }
        return text
    }
}
