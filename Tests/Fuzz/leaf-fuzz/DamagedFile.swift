/// A journal's data file that is being damaged, mostly where LMDB looks: in meta pages, page headers, lists of nodes,
/// nodes' headers.
struct DamagedFile {
    private(set) var bytes: [UInt8]
    private let sound: [UInt8]

    static let pageSize = 4096
    private static let (pageHeader, nodeHeader) = (16, 8)

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        sound = bytes
    }

    private var pages: Int { bytes.count / Self.pageSize }

    /// At most so many damages: more of them find nothing more.
    private static let damagesMax = 12

    mutating func damage(_ input: inout FuzzInput) {
        for _ in 0..<Self.damagesMax where !input.isEmpty && pages >= 2 { damageOnce(&input) }
    }

    private mutating func damageOnce(_ input: inout FuzzInput) {
        let kind = input.byte()
        let page = Int(input.number(UInt16.self)) % pages * Self.pageSize
        switch kind % 12 {
        case 0: bytes[page + Int(input.number(UInt16.self)) % Self.pageSize] = input.byte()
        case 1: bytes[page + Int(input.number(UInt16.self)) % Self.pageSize] ^= 1 << (input.byte() % 8)
        case 2: change([(0, 8), (10, 2), (12, 2), (14, 2), (12, 4)], at: page, &input)
        case 3, 4: changeNode(page, &input)
        case 5: changeNodeList(page, &input)
        // Meta pages: after the page's header the magic number, version, address, size, two trees of 48 bytes, the last
        // page, the transaction.
        case 6, 7: changeMeta(&input)
        case 8: copyPage(page, &input)
        case 9:
            let offset = page + Int(input.byte() % 8) * 512
            for place in offset..<offset + 512 { bytes[place] = 0 }
        case 10: bytes.removeLast(min(bytes.count, Int(input.number(UInt16.self)) * 64))
        default: exchangeSector(page, &input)
        }
    }

    /// Sets one of some fields, each an offset and a size in bytes.
    private mutating func change(_ fields: [(offset: Int, size: Int)], at base: Int, _ input: inout FuzzInput) {
        let field = fields[Int(input.byte()) % fields.count]
        let place = base + field.offset
        guard place >= 0, place + field.size <= bytes.count else { return }
        let old = number(place, field.size)
        let new: UInt64 =
            switch input.byte() % 4 {
            case 0: old &+ UInt64(bitPattern: Int64(Int8(bitPattern: input.byte())))
            case 1: UInt64(input.byte())
            case 2: UInt64(input.number(UInt16.self))
            default: input.number(UInt64.self)
            }
        for index in 0..<field.size { bytes[place + index] = UInt8(truncatingIfNeeded: new >> (8 * UInt64(index))) }
    }

    private func number(_ place: Int, _ size: Int) -> UInt64 {
        (0..<size).reduce(0) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
    }

    private func nodeCount(_ page: Int) -> Int {
        max(0, (Int(number(page + 12, 2)) - Self.pageHeader) / 2)
    }

    private mutating func changeNode(_ page: Int, _ input: inout FuzzInput) {
        let count = nodeCount(page)
        let choice = Int(input.byte())
        guard count > 0, count < Self.pageSize / 2 else { return }
        let node = page + Int(number(page + Self.pageHeader + 2 * (choice % count), 2))
        guard node + Self.nodeHeader <= bytes.count else { return }
        let value = Self.nodeHeader + Int(number(node + 6, 2))
        // The node's header, then its value: a table's tree, a page number, free pages.
        let fields = [(0, 2), (2, 2), (4, 2), (6, 2), (0, 4)] + (0..<6).map { (value + 8 * $0, 8) } + [(value + 4, 2)]
        change(fields, at: node, &input)
    }

    private mutating func changeNodeList(_ page: Int, _ input: inout FuzzInput) {
        let count = nodeCount(page)
        guard count > 0, count < Self.pageSize / 2 else { return }
        let (a, b) = (Int(input.byte()) % count, Int(input.byte()) % count)
        let places = (page + Self.pageHeader + 2 * a, page + Self.pageHeader + 2 * b)
        guard max(places.0, places.1) + 2 <= bytes.count else { return }
        guard a != b else { return change([(0, 2)], at: places.0, &input) }
        for index in 0...1 { bytes.swapAt(places.0 + index, places.1 + index) }
    }

    private mutating func changeMeta(_ input: inout FuzzInput) {
        let meta = Int(input.byte() % 2) * Self.pageSize + Self.pageHeader
        let tree = [(0, 4), (4, 2), (6, 2), (8, 8), (16, 8), (24, 8), (32, 8), (40, 8)]
        let trees = [24, 72].flatMap { start in tree.map { (start + $0.0, $0.1) } }
        change([(0, 4), (4, 4), (8, 8), (16, 8), (120, 8), (128, 8)] + trees, at: meta, &input)
    }

    /// Puts one page in another's place, under its own number or the other's.
    private mutating func copyPage(_ page: Int, _ input: inout FuzzInput) {
        let source = Int(input.number(UInt16.self)) % pages * Self.pageSize
        let skipped = input.byte() & 1 == 0 ? 8 : 0
        let copy = bytes[source + skipped..<source + Self.pageSize]
        bytes.replaceSubrange(page + skipped..<page + Self.pageSize, with: copy)
    }

    /// A torn write: some sectors of a page are of another version.
    private mutating func exchangeSector(_ page: Int, _ input: inout FuzzInput) {
        let source = Int(input.number(UInt16.self)) % pages * Self.pageSize
        let sector = Int(input.byte() % 8) * 512
        let copy = bytes[source + sector..<source + sector + 512]
        bytes.replaceSubrange(page + sector..<page + sector + 512, with: copy)
    }
}

// MARK: Checksums

extension DamagedFile {
    /// Makes the checksum of every record right that a node has, so that what it says is looked at.
    mutating func mendRecords() {
        for place in records() where isTouched(place.key) || isTouched(place.value) { mend(place) }
    }

    /// Makes the header say the sum of the records' checksums.
    mutating func mendDigest(_ sum: UInt64) {
        for place in records() where place.kind == 1 && place.value.count >= 24 {
            for index in 0..<8 {
                bytes[place.value.upperBound - 8 + index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt64(index)))
            }
            mend(place)
        }
    }

    private func isTouched(_ place: Range<Int>) -> Bool { bytes[place] != sound[place] }

    private struct Place {
        var key: Range<Int>
        var value: Range<Int>
        var kind: UInt8
    }

    private mutating func mend(_ place: Place) {
        var value = Array(bytes[place.value])
        PlainRecord.mend(&value, kind: place.kind, key: Array(bytes[place.key]))
        bytes.replaceSubrange(place.value, with: value)
    }

    private func records() -> [Place] {
        stride(from: 2 * Self.pageSize, through: bytes.count - Self.pageSize, by: Self.pageSize).flatMap { page in
            (0..<min(nodeCount(page), Self.pageSize / 2 - Self.pageHeader)).compactMap { index in
                record(page + Int(number(page + Self.pageHeader + 2 * index, 2)))
            }
        }
    }

    private func record(_ node: Int) -> Place? {
        guard node + Self.nodeHeader <= bytes.count else { return nil }
        let key = node + Self.nodeHeader..<node + Self.nodeHeader + Int(number(node + 6, 2))
        var start = key.upperBound
        guard start + 8 <= bytes.count else { return nil }
        if number(node + 4, 2) == 1 {
            let page = number(start, 8)
            guard page < UInt64(pages) else { return nil }
            start = Int(page) * Self.pageSize + Self.pageHeader
        }
        let value = start..<start + Int(number(node, 4))
        guard value.count >= 16, value.upperBound <= bytes.count, bytes[value.lowerBound] == 2,
            (1...3).contains(bytes[value.lowerBound + 1])
        else { return nil }
        return Place(key: key, value: value, kind: bytes[value.lowerBound + 1])
    }
}
