/// The name of a counter (`biz_tag` in the central table): 1–128 bytes of printable UTF-8, without space or control characters.
package struct Tag: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The longest tag, in bytes of UTF-8: the width of `biz_tag VARCHAR(128)` in Leaf's own table.
    package static let maxLength = 128

    package let name: String

    /// Takes over a name that already satisfies the rules.
    ///
    /// - Throws: `TagError`, which says what is wrong with the name.
    package init(_ name: String) throws(TagError) {
        if let problem = Tag.problem(in: name) { throw problem }
        self.name = name
    }

    /// Decodes and checks raw bytes, as they come off the socket.
    package init(utf8 bytes: some Collection<UInt8>) throws(TagError) {
        guard bytes.count <= Tag.maxLength else { throw .tooLong(bytes: bytes.count) }
        guard let name = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        try self.init(name)
    }

    package var description: String { name }

    // Byte by byte, as the socket, the journal and the central table have it: Swift's own String equality would take two
    // ways to write é for one tag.
    package static func == (a: Tag, b: Tag) -> Bool { a.name.utf8.elementsEqual(b.name.utf8) }
    package static func < (a: Tag, b: Tag) -> Bool { a.name.utf8.lexicographicallyPrecedes(b.name.utf8) }

    package func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: $0) }
    }

    private static func problem(in name: String) -> TagError? {
        let length = name.utf8.count
        if length == 0 { return .empty }
        if length > maxLength { return .tooLong(bytes: length) }
        for scalar in name.unicodeScalars where !isPrintable(scalar) {
            return .unprintable(scalar)
        }
        return nil
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return scalar.value > 0x20 && scalar.value < 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default:
            return true
        }
    }
}

/// Why a name cannot be a tag.
package enum TagError: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    case tooLong(bytes: Int)
    case notUTF8
    case unprintable(Unicode.Scalar)

    package var description: String {
        switch self {
        case .empty:
            "a tag must not be empty: give 1 to \(Tag.maxLength) bytes"
        case .tooLong(let bytes):
            "a tag of \(bytes) bytes is too long: at most \(Tag.maxLength) bytes of UTF-8"
        case .notUTF8:
            "a tag must be UTF-8"
        case .unprintable(let scalar):
            "a tag must be printable, without space or control characters: it contains U+"
                + String(scalar.value, radix: 16, uppercase: true)
        }
    }
}
