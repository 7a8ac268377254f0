/// Finds what belongs to a tag by the tag's raw bytes, as they stand in a request: no String, no allocation.
///
/// Open addressing with linear probing at most half full; the bytes of all tags lie one after the other.
package struct TagTable<Value> {
    struct Row {
        var offset: Int
        var length: Int
        var hash: UInt64
        var value: Value
    }

    private var rows: [Row] = []
    private var bytes: [UInt8] = []
    /// Row number + 1 for each taken slot, 0 for a free one.
    private var slots: [Int32]
    /// Differs from process to process, so that nobody can prepare names that collide.
    private let seed: UInt64

    package init(seed: UInt64 = .random(in: .min ... .max)) {
        self.seed = seed
        slots = Array(repeating: 0, count: 16)
    }

    package var count: Int { rows.count }

    /// All values, in the order of their insertion unless some have been removed.
    package var values: some Sequence<Value> { rows.lazy.map(\.value) }

    package func find(_ key: UnsafeRawBufferPointer) -> Value? {
        guard let slot = slot(of: key, hash: hash(of: key)) else { return nil }
        return rows[Int(slots[slot]) - 1].value
    }

    package func find(_ tag: Tag) -> Value? {
        tag.withBytes { find($0) }
    }

    /// Adds a value, or replaces the one that is there and returns it.
    @discardableResult
    package mutating func insert(_ tag: Tag, _ value: Value) -> Value? {
        tag.withBytes { key in
            let hash = hash(of: key)
            if let slot = slot(of: key, hash: hash) {
                let row = Int(slots[slot]) - 1
                let old = rows[row].value
                rows[row].value = value
                return old
            }
            if (rows.count + 1) * 2 > slots.count { rebuildSlots(count: slots.count * 2) }
            rows.append(Row(offset: bytes.count, length: key.count, hash: hash, value: value))
            bytes.append(contentsOf: key)
            place(row: rows.count - 1)
            return nil
        }
    }

    /// Takes a tag out. Rare (a DROP), so it simply lays the table anew.
    @discardableResult
    package mutating func remove(_ tag: Tag) -> Value? {
        let found = tag.withBytes { slot(of: $0, hash: hash(of: $0)) }
        guard let found else { return nil }
        let removed = rows.remove(at: Int(slots[found]) - 1)
        bytes.removeSubrange(removed.offset..<removed.offset + removed.length)
        for index in rows.indices where rows[index].offset > removed.offset { rows[index].offset -= removed.length }
        rebuildSlots(count: slots.count)
        return removed.value
    }

    private func slot(of key: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while true {
            let number = slots[slot]
            if number == 0 { return nil }
            let row = rows[Int(number) - 1]
            if row.hash == hash, row.length == key.count, isEqual(row, key) { return slot }
            slot = (slot + 1) & (slots.count - 1)
        }
    }

    private func isEqual(_ row: Row, _ key: UnsafeRawBufferPointer) -> Bool {
        bytes.withUnsafeBytes { all in
            var index = 0
            while index < row.length {
                if all[row.offset + index] != key[index] { return false }
                index += 1
            }
            return true
        }
    }

    private mutating func place(row: Int) {
        var slot = Int(truncatingIfNeeded: rows[row].hash) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(row + 1)
    }

    private mutating func rebuildSlots(count: Int) {
        slots = Array(repeating: 0, count: count)
        for row in rows.indices { place(row: row) }
    }

    /// Eight bytes at a time, multiplied and folded (the mixing step of wyhash, Wang Yi, public domain).
    private func hash(of key: UnsafeRawBufferPointer) -> UInt64 {
        var state = seed ^ UInt64(key.count)
        var index = 0
        while index + 8 <= key.count {
            state = fold(state ^ key.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var rest: UInt64 = 0
        while index < key.count {
            rest = rest << 8 | UInt64(key[index])
            index += 1
        }
        return fold(state ^ rest)
    }

    private func fold(_ word: UInt64) -> UInt64 {
        let (high, low) = word.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return high ^ low
    }
}

extension TagTable: Sendable where Value: Sendable {}
extension TagTable.Row: Sendable where Value: Sendable {}

extension Tag {
    /// Lends the tag's UTF-8 bytes.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        var name = name
        return try name.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
    }
}
