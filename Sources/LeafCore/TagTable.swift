/// Finds what belongs to a tag by the tag's raw bytes, as they stand in a request: no String, no allocation.
///
/// Open addressing with linear probing, at most half full. A look-up touches one slot and one row, hardly ever more, so that
/// with many tags it costs two cache misses: slots hold a half of the hash, rows the beginning of the key, which for most
/// tags is all of it. Inlinable and public, since the values are another module's (`Lock` tells why).
public struct TagTable<Value> {
    @usableFromInline struct Slot {
        /// Row number + 1; 0: the slot is free.
        @usableFromInline var row: Int32
        /// The lower half of the hash, which also says where the search begins.
        @usableFromInline var check: UInt32

        @inlinable init(row: Int32, check: UInt32) {
            self.row = row
            self.check = check
        }
    }

    @usableFromInline struct Row {
        @usableFromInline var value: Value
        /// The key's first 16 bytes, filled up with zeros.
        @usableFromInline let head: (UInt64, UInt64)
        @usableFromInline let length: Int32
        /// Where the bytes behind the first 16 lie in `tails`.
        @usableFromInline var tail: Int32

        @inlinable init(value: Value, head: (UInt64, UInt64), length: Int32, tail: Int32) {
            self.value = value
            self.head = head
            self.length = length
            self.tail = tail
        }
    }

    @usableFromInline var rows: [Row] = []
    /// What keys have beyond 16 bytes, one after the other.
    @usableFromInline var tails: [UInt8] = []
    @usableFromInline var slots: [Slot]
    /// Differs from process to process, so that nobody can prepare names that collide.
    @usableFromInline let seed: UInt64

    package init(seed: UInt64 = .random(in: .min ... .max)) {
        self.seed = seed
        slots = Array(repeating: Slot(row: 0, check: 0), count: 16)
    }

    package var count: Int { rows.count }

    /// All values, in the order of their insertion unless some have been removed.
    package var values: some Sequence<Value> { rows.lazy.map(\.value) }

    /// What belongs to the tag with these bytes.
    @inlinable public func find(_ key: UnsafeRawBufferPointer) -> Value? {
        guard let slot = slot(of: key, hash: hash(of: key)) else { return nil }
        return rows[Int(slots[slot].row) - 1].value
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
                let row = Int(slots[slot].row) - 1
                let old = rows[row].value
                rows[row].value = value
                return old
            }
            if (rows.count + 1) * 2 > slots.count { rebuildSlots(count: slots.count * 2) }
            rows.append(
                Row(value: value, head: Self.head(of: key), length: Int32(key.count), tail: Int32(tails.count)))
            tails.append(contentsOf: key.dropFirst(16))
            place(Slot(row: Int32(rows.count), check: UInt32(truncatingIfNeeded: hash)))
            return nil
        }
    }

    /// Takes a tag out. Rare, so it simply lays the table anew.
    @discardableResult
    package mutating func remove(_ tag: Tag) -> Value? {
        let found = tag.withBytes { slot(of: $0, hash: hash(of: $0)) }
        guard let found else { return nil }
        let number = slots[found].row
        let removed = rows.remove(at: Int(number) - 1)
        let tailLength = max(0, Int(removed.length) - 16)
        tails.removeSubrange(Int(removed.tail)..<Int(removed.tail) + tailLength)
        for index in rows.indices where rows[index].tail > removed.tail { rows[index].tail -= Int32(tailLength) }
        rebuildSlots(count: slots.count, without: number)
        return removed.value
    }

    @inlinable func slot(of key: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
        let head = Self.head(of: key)
        var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while true {
            let slot = slots[index]
            if slot.row == 0 { return nil }
            if slot.check == UInt32(truncatingIfNeeded: hash) {
                let row = Int(slot.row) - 1
                if rows[row].head == head, rows[row].length == key.count, key.count <= 16 || hasTail(row, of: key) {
                    return index
                }
            }
            index = (index + 1) & (slots.count - 1)
        }
    }

    @inlinable func hasTail(_ row: Int, of key: UnsafeRawBufferPointer) -> Bool {
        let start = Int(rows[row].tail)
        for index in 16..<key.count where tails[start + index - 16] != key[index] { return false }
        return true
    }

    private mutating func place(_ slot: Slot) {
        var index = Int(slot.check) & (slots.count - 1)
        while slots[index].row != 0 { index = (index + 1) & (slots.count - 1) }
        slots[index] = slot
    }

    /// Lays the slots anew, without a row that has been taken out.
    private mutating func rebuildSlots(count: Int, without removed: Int32 = .max) {
        let old = slots
        slots = Array(repeating: Slot(row: 0, check: 0), count: count)
        for slot in old where slot.row != 0 && slot.row != removed {
            place(Slot(row: slot.row > removed ? slot.row - 1 : slot.row, check: slot.check))
        }
    }

    /// Eight bytes at a time, multiplied and folded (the mixing step of wyhash, Wang Yi, public domain).
    @inlinable func hash(of key: UnsafeRawBufferPointer) -> UInt64 {
        var state = seed ^ UInt64(key.count)
        var index = 0
        while index + 8 <= key.count {
            state = Self.fold(state ^ Self.word(key, at: index))
            index += 8
        }
        return Self.fold(state ^ Self.word(key, at: index))
    }

    @inlinable static func fold(_ word: UInt64) -> UInt64 {
        let (high, low) = word.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return high ^ low
    }

    @inlinable static func head(of key: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
        (word(key, at: 0), word(key, at: 8))
    }

    /// Eight bytes of a key, filled up with zeros behind its end.
    @inlinable static func word(_ key: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        let count = key.count - offset
        if count >= 8 { return UInt64(littleEndian: key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
        guard count > 0 else { return 0 }
        // Shorter ones in two or three parts, which may overlap.
        func part(_ index: Int) -> UInt64 { UInt64(key[offset + index]) << UInt64(8 * index) }
        guard count >= 4 else { return part(0) | part(count / 2) | part(count - 1) }
        let low = UInt32(littleEndian: key.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        let high = UInt32(littleEndian: key.loadUnaligned(fromByteOffset: offset + count - 4, as: UInt32.self))
        return UInt64(low) | UInt64(high) << UInt64(8 * (count - 4))
    }
}

extension TagTable: Sendable where Value: Sendable {}
extension TagTable.Row: Sendable where Value: Sendable {}
extension TagTable.Slot: Sendable {}

extension Tag {
    /// Lends the tag's UTF-8 bytes.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        var name = name
        return try name.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
    }
}
