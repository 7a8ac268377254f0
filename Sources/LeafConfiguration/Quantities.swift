extension Kind where Value: FixedWidthInteger {
    /// A decimal integer, without separators.
    static func integer(_ range: ClosedRange<Value>) -> Kind {
        .scalar("integer", range: "\(range.lowerBound)–\(range.upperBound)", write: { "\($0)" }) {
            text throws(Rejection) in
            let limits = Limits(low: "\(range.lowerBound)", high: "\(range.upperBound)")
            let value = try Digits.integer(text, limits)
            if value < range.lowerBound { throw limits.below }
            guard value <= range.upperBound, let result = Value(exactly: value) else { throw limits.above }
            return result
        }
    }
}

extension Kind where Value == UInt32 {
    /// A numeric user or group.
    static var userID: Kind { .integer(0...UInt32.max - 1) }

    /// Permission bits in octal, as chmod takes them. The owner must be able to connect.
    static let mode = Kind.scalar("mode", range: "\"0600\"–\"0777\"", write: ModeText.format) {
        text throws(Rejection) in
        guard (3...4).contains(text.count), text.allSatisfy({ ("0"..."7").contains($0) }),
            let mode = UInt32(text, radix: 8), mode <= 0o777
        else {
            throw Rejection("is no mode", "write the octal permission bits in quotes, like \"0660\"")
        }
        guard mode & 0o600 == 0o600 else {
            throw Rejection("keeps the daemon's own user out", "let it begin with 06 or 07, like \"0660\"")
        }
        return mode
    }
}

extension Kind where Value == Double {
    /// A decimal number with a point.
    static func decimal(_ range: ClosedRange<Double>) -> Kind {
        let limits = Limits(low: DecimalText.format(range.lowerBound), high: DecimalText.format(range.upperBound))
        return .scalar("number", range: "\(limits.low)–\(limits.high)", write: DecimalText.format) {
            text throws(Rejection) in
            let isDecimal = text.allSatisfy { ("0"..."9").contains($0) || $0 == "." || $0 == "-" }
            guard isDecimal, let value = Double(text) else {
                throw Rejection("is no number", limits.choose)
            }
            if value < range.lowerBound { throw limits.below }
            if value > range.upperBound { throw limits.above }
            return value
        }
    }
}

extension Kind where Value == Duration {
    /// A whole number with its unit; a bare `0` where `zero` says what it means.
    static func duration(_ low: Duration, _ high: Duration, zero: String? = nil) -> Kind {
        let limits = Limits(low: DurationText.format(low), high: DurationText.format(high), zero: zero)
        let range = "\(limits.low)–\(limits.high)"
        return .scalar("duration", range: zero.map { "0 (\($0)) or \(range)" } ?? range, write: DurationText.format) {
            text throws(Rejection) in
            let value = try DurationText.parse(text, limits)
            if value == .zero, zero != nil { return value }
            if value < low { throw limits.below }
            if value > high { throw limits.above }
            return value
        }
    }
}

extension Kind where Value == Int {
    /// Bytes, bare or in KiB, MiB, GiB.
    static func size(_ range: ClosedRange<Int>, multipleOf unit: Int = 1) -> Kind {
        let limits = Limits(low: SizeText.format(range.lowerBound), high: SizeText.format(range.upperBound))
        return .scalar("size", range: "\(limits.low)–\(limits.high)", write: SizeText.format) {
            text throws(Rejection) in
            let value = try SizeText.parse(text, limits)
            if value < range.lowerBound { throw limits.below }
            if value > range.upperBound { throw limits.above }
            guard value.isMultiple(of: unit) else {
                throw Rejection("is not a whole number of pages", "choose a multiple of \(SizeText.format(unit))")
            }
            return value
        }
    }
}

/// The bounds of a kind, in its own notation, and the words for what is outside.
struct Limits: Sendable {
    let low: String
    let high: String
    var zero: String?

    var choose: String {
        let between = "choose a value from \(low) to \(high)"
        return zero.map { "\(between), or 0 (\($0))" } ?? between
    }

    var below: Rejection { Rejection("must be at least \(low)", choose) }
    var above: Rejection { Rejection("must be at most \(high)", choose) }
}

/// Plain decimal integers.
enum Digits {
    /// As wide as can be, so that what is too large is called that and not malformed.
    static func integer(_ text: String, _ limits: Limits) throws(Rejection) -> Int128 {
        let digits = text.hasPrefix("-") ? text.dropFirst() : Substring(text)
        guard !digits.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) }) else {
            let bare = digits.filter { $0 != "_" && $0 != "," && $0 != "'" }
            let isSeparated = !bare.isEmpty && bare.allSatisfy { ("0"..."9").contains($0) }
            throw Rejection("is no integer", isSeparated ? "write it without separators: \(bare)" : limits.choose)
        }
        guard digits == "0" || digits.first != "0" else {
            throw Rejection("begins with a 0, which YAML may take for octal", "write it without the 0")
        }
        guard let value = Int128(text) else { throw text.hasPrefix("-") ? limits.below : limits.above }
        return value
    }
}
