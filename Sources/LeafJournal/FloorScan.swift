private import Glibc
internal import LeafCore

/// Looks for floors in a damaged data file: too high a floor is a mere gap, too low a one could let a counter that went
/// backward lease a range twice.
///
/// Takes the file for what it is, bytes: every node of an LMDB leaf page (`mdb.c`, `MDB_node`) begins at an even
/// offset, and a record that is one has a checksum that covers its key. So it finds the records of lost, freed and
/// overwritten pages too, needs no page to be right, and cannot die of one.
struct FloorScan: ~Copyable {
    struct Floor: Hashable {
        var floor: Int64
        var step: Int64
        var tableStep: Int64
    }

    struct Salvage {
        /// Of the newest commit of which one was found.
        var header: JournalHeader?
        var floors: [Tag: Floor] = [:]
    }

    static func scan(_ file: String) -> Salvage {
        guard let scan = FloorScan(file) else { return Salvage() }
        let headers = scan.headers()
        var salvage = Salvage(header: headers.newest?.header)
        scan.each(.tag) { key, value in
            guard let tag = try? Tag(utf8: key), let (sequence, record) = try? TagRecord.decoded(key: key, value: value)
            else { return }
            guard record.floor > 0, sequence >= headers.since else { return }
            if let known = salvage.floors[tag], known.floor >= record.floor { return }
            salvage.floors[tag] = Floor(floor: record.floor, step: record.step, tableStep: record.tableStep)
        }
        return salvage
    }

    private let descriptor: Int32
    private let pageSize: Int
    private let length: Int

    private init?(_ file: String) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        pageSize = sysconf(Int32(_SC_PAGESIZE))
        var status = stat()
        length = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    deinit {
        close(descriptor)
    }

    /// The newest header, and the first commit whose floors are of its store: where several stores' headers are found,
    /// older floors may be another store's.
    private func headers() -> (newest: HeaderRecord?, since: UInt64) {
        var newest: HeaderRecord?
        var since: [Place: UInt64] = [:]
        each(.header) { key, value in
            guard key.elementsEqual(JournalHeader.key), let found = try? JournalHeader.decoded(value: value) else {
                return
            }
            if newest.map({ $0.sequence <= found.sequence }) ?? true { newest = found }
            // Before there was a store there were no floors.
            guard !found.header.storeID.isEmpty else { return }
            let place = Place(found.header)
            since[place] = min(since[place] ?? .max, found.sequence)
        }
        guard let newest, since.count > 1 else { return (newest, 0) }
        return (newest, since[Place(newest.header)] ?? newest.sequence)
    }

    private struct Place: Hashable {
        let storeID: String
        let table: String

        init(_ header: JournalHeader) {
            storeID = header.storeID
            table = header.storePlace.table
        }
    }

    // MARK: Nodes

    /// How much is read at once, and by how much pieces overlap: the longest node that lies within a page.
    private static let (pieceBytes, overlapBytes) = (1 << 20, 1 << 16)
    /// The longest value looked for on overflow pages: a record with 65,000 segments.
    private static let valueMax = 1 << 20
    /// Before the key: the value's length (4), flags (2), the key's length (2).
    private static let nodeHeader = 8
    private static let pageHeader = 16
    /// F_BIGDATA: the value is on overflow pages.
    private static let bigData: UInt16 = 1

    /// Calls `body` with each key and value that may be a record of that kind. The bytes are valid within `body` only.
    private func each(
        _ kind: RecordCodec.Kind, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) {
        let piece = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.pieceBytes + Self.overlapBytes, alignment: 16)
        defer { piece.deallocate() }
        var offset = 0
        while offset < length {
            let count = readBytes(descriptor, at: offset, count: min(piece.count, length - offset), into: piece)
            if count == 0 { offset += Self.pieceBytes; continue }
            let bytes = UnsafeRawBufferPointer(rebasing: piece[..<count])
            if !isZero(bytes) { each(kind, in: bytes, body) }
            offset += Self.pieceBytes
        }
    }

    private func each(
        _ kind: RecordCodec.Kind, in bytes: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) {
        let last = min(bytes.count, Self.pieceBytes) - Self.nodeHeader
        for offset in stride(from: 0, through: max(last, -1), by: 2) {
            let keyLength = Int(bytes.number(UInt16.self, at: offset + 6))
            guard keyLength > 0 && keyLength <= Tag.maxLength else { continue }
            let keyAt = offset + Self.nodeHeader
            let valueAt = keyAt + keyLength
            guard valueAt + 8 <= bytes.count else { continue }
            let flags = bytes.number(UInt16.self, at: offset + 4)
            let valueLength = Int(bytes.number(UInt32.self, at: offset))
            let key = UnsafeRawBufferPointer(rebasing: bytes[keyAt..<valueAt])
            if flags == 0, valueLength >= RecordCodec.prefixLength, valueAt + valueLength <= bytes.count {
                let value = UnsafeRawBufferPointer(rebasing: bytes[valueAt..<valueAt + valueLength])
                if RecordCodec.begins(value, kind) { body(key, value) }
            } else if flags == Self.bigData, valueLength >= RecordCodec.prefixLength, valueLength <= Self.valueMax {
                let page = bytes.number(UInt64.self, at: valueAt)
                overflow(page, valueLength, kind) { body(key, $0) }
            }
        }
    }

    /// Reads a value from overflow pages, if it begins like one.
    private func overflow(
        _ page: UInt64, _ count: Int, _ kind: RecordCodec.Kind, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        guard page < UInt64(length / pageSize) else { return }
        let offset = Int(page) * pageSize + Self.pageHeader
        guard offset + count <= length else { return }
        let isRecord = withUnsafeTemporaryAllocation(byteCount: RecordCodec.prefixLength, alignment: 8) { start in
            readBytes(descriptor, at: offset, count: start.count, into: start) == start.count
                && RecordCodec.begins(UnsafeRawBufferPointer(start), kind)
        }
        guard isRecord else { return }
        let value = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        defer { value.deallocate() }
        guard readBytes(descriptor, at: offset, count: count, into: value) == count else { return }
        body(UnsafeRawBufferPointer(value))
    }

    /// Zeros written ahead: most of a small journal.
    private func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress, bytes.count > 1 else { return false }
        return bytes[0] == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
    }
}

extension UnsafeRawBufferPointer {
    /// A little-endian number that need not be aligned.
    func number<N: FixedWidthInteger>(_: N.Type, at offset: Int) -> N {
        N(littleEndian: loadUnaligned(fromByteOffset: offset, as: N.self))
    }
}
