/// Durations as they stand in a file: a whole number of `ms`, `s`, `m` or `h`.
enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    static func parse(_ text: String, _ limits: Limits) throws(Rejection) -> Duration {
        let sign = text.hasPrefix("-") ? "-" : ""
        let digits = text.dropFirst(sign.count).prefix { ("0"..."9").contains($0) }
        let unit = text.dropFirst(sign.count + digits.count)
        guard !digits.isEmpty else { throw Rejection("is no duration", advice(limits)) }
        if unit.isEmpty {
            if digits.allSatisfy({ $0 == "0" }) { return .zero }
            throw Rejection("has no unit", "write \(digits)s or \(digits)ms: the units are ms, s, m and h")
        }
        guard let scale = units.first(where: { $0.name == unit })?.milliseconds else {
            throw Rejection("has no known unit", advice(limits))
        }
        guard sign.isEmpty else { throw limits.below }
        // A hundred years in milliseconds have 13 digits: what has more is out of every range.
        guard let count = Int64(digits), count < 1 << 40 else { throw limits.above }
        return .milliseconds(count * scale)
    }

    private static func advice(_ limits: Limits) -> String {
        "write a whole number and ms, s, m or h, like 1500ms or 30m; \(limits.choose)"
    }

    /// In the largest unit that needs no fraction.
    static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        if milliseconds == 0 { return "0" }
        for unit in units where milliseconds.isMultiple(of: unit.milliseconds) {
            return "\(milliseconds / unit.milliseconds)\(unit.name)"
        }
        return "\(milliseconds)ms"
    }
}

/// Sizes as they stand in a file: bytes, or a whole number of KiB, MiB or GiB.
enum SizeText {
    private static let units: [(name: String, bytes: Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

    static func parse(_ text: String, _ limits: Limits) throws(Rejection) -> Int {
        let sign = text.hasPrefix("-") ? "-" : ""
        let digits = text.dropFirst(sign.count).prefix { ("0"..."9").contains($0) }
        var unit = text.dropFirst(sign.count + digits.count)
        if unit.first == " " { unit = unit.dropFirst() }
        guard !digits.isEmpty else { throw Rejection("is no size", advice(limits)) }
        guard let scale = unit.isEmpty ? 1 : units.first(where: { $0.name == unit })?.bytes else {
            let meant = units.first { $0.name.first == unit.uppercased().first }
            throw Rejection("has no known unit", meant.map { "write \(digits)\($0.name)" } ?? advice(limits))
        }
        guard sign.isEmpty else { throw limits.below }
        guard let count = Int(digits), count < 1 << 32 || scale == 1 else { throw limits.above }
        return count * scale
    }

    private static func advice(_ limits: Limits) -> String {
        "write bytes, or a whole number of KiB, MiB or GiB, like 64KiB; \(limits.choose)"
    }

    /// In the largest unit that needs no fraction.
    static func format(_ bytes: Int) -> String {
        for unit in units where bytes != 0 && bytes.isMultiple(of: unit.bytes) {
            return "\(bytes / unit.bytes)\(unit.name)"
        }
        return "\(bytes)"
    }
}

/// Decimal numbers without a needless fraction: 2, not 2.0.
enum DecimalText {
    static func format(_ value: Double) -> String {
        // Every decimal of the table is far below 2^53.
        value == value.rounded() ? "\(Int64(value))" : "\(value)"
    }
}

/// Permission bits with four octal digits, quoted: an unquoted 0660 is an integer to other YAML readers.
enum ModeText {
    static func format(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return "\"\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)\""
    }
}
