#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// Tables in Markdown, with numbers that a person reads.
enum Text {
    static func title(_ text: String) {
        flush()
        print("\n**\(text)**\n")
    }

    /// What is done shows, also where the output goes into a file.
    static func flush() { fflush(nil) }

    static func head(_ names: [String]) {
        row(names)
        row(names.map { _ in "---" })
    }

    static func row(_ cells: [String]) { print("| " + cells.joined(separator: " | ") + " |") }

    /// With thousands apart.
    static func count(_ number: Int) -> String {
        var digits = String(number)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return ([digits] + groups).joined(separator: ",")
    }

    /// Two or three digits that mean something.
    static func number(_ value: Double) -> String {
        if value >= 1e12 {
            var (mantissa, exponent) = (value, 0)
            while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
            return "\((mantissa * 10).rounded() / 10)e\(exponent)"
        }
        if value >= 100 {
            var unit = 1.0
            while value / unit >= 1000 { unit *= 10 }
            return count(Int((value / unit).rounded() * unit))
        }
        if value >= 10 { return plain((value * 10).rounded() / 10) }
        if value >= 1 { return plain((value * 100).rounded() / 100) }
        return plain((value * 10_000).rounded() / 10_000)
    }

    private static func plain(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : "\(value)"
    }

    static func time(_ seconds: Double) -> String {
        switch seconds {
        case 0: "0"
        case ..<120: number(seconds) + " s"
        case ..<7200: number(seconds / 60) + " min"
        case ..<172_800: number(seconds / 3600) + " h"
        default: number(seconds / 86_400) + " days"
        }
    }
}
