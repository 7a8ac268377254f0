/// The identity of one central store: 32 lowercase hexadecimal digits, random, written with the schema.
package struct StoreID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// Returns nil unless `text` is 32 lowercase hexadecimal digits.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        self.text = text
    }

    /// Draws a new one from the system's random numbers.
    package static func random() -> StoreID {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef")
        return StoreID(String((0..<32).map { _ in digits[Int(generator.next(upperBound: UInt(16)))] }))!
    }

    package var description: String { text }
}
