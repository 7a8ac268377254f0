private import Foundation

/// Figures for people: "1,234,567", "0.0471", "12.3".
enum NumberText {
    static func count(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: position))
            position -= 3
        }
        return number < 0 ? "-" + digits : digits
    }

    /// Three significant digits; whole numbers from 1,000 on.
    static func number(_ number: Double) -> String {
        guard number.isFinite else { return "–" }
        let size = abs(number)
        if size >= 1000 {
            // Three digits are what such a measurement tells, at most.
            let unit = pow(10, floor(log10(size)) - 2)
            return count(Int((number / unit).rounded() * unit))
        }
        let decimals = size == 0 ? 0 : max(0, min(6, 2 - Int(floor(log10(size)))))
        return String(format: "%.\(decimals)f", number)
    }
}

extension Value {
    /// As it is shown.
    var shown: String {
        switch self {
        case .text(let text): text
        case .count(let count): NumberText.count(count)
        case .number(let number): NumberText.number(number)
        case .missing: "–"
        }
    }

    /// Whether it stands to the right of its column.
    var isNumber: Bool {
        if case .text = self { false } else { true }
    }
}
