/// A whole number in an argument: digits with an optional minus, nothing else; nil if it is none or does not fit 64 bits.
package func parseInteger(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    var index = 0
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative { index = 1 }
    guard index < bytes.count, bytes.count <= 20 else { return nil }
    var value: Int64 = 0
    while index < bytes.count {
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        // Built up below zero, so that the least number fits.
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (difference, underflow) = product.subtractingReportingOverflow(Int64(digit))
        guard !overflow, !underflow else { return nil }
        value = difference
        index += 1
    }
    if isNegative { return value }
    return value == .min ? nil : -value
}

/// Whether an argument is `word` (given in lower case), in upper or lower case.
package func isWord(_ bytes: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard bytes.count == word.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count where bytes[index] | 0x20 != word.utf8Start[index] { return false }
    return true
}

/// An argument as it may stand in an error: at most 64 bytes, what is not printable (and might end the line or drive a
/// terminal) replaced.
package func quoted(_ bytes: UnsafeRawBufferPointer) -> String {
    let shown = String(decoding: bytes.prefix(64), as: UTF8.self)
    let clean = String(shown.unicodeScalars.map { isPrintable($0) ? Character($0) : "?" })
    return bytes.count > 64 ? clean + "…" : clean
}

private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: false
    default: true
    }
}
