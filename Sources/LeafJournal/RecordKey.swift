internal import LeafCore

/// Whose record lies under a key of the table of records.
///
/// A tag's key is its name. A worker id's is a byte that no tag can have, then `worker/` and the decimal number: so it
/// lies in the same table, and the digest and every check cover it too.
enum RecordKey: CustomStringConvertible {
    case tag(Tag)
    case worker(Int)

    private static let workerPrefix = [0x01] + Array("worker/".utf8)

    init(_ bytes: UnsafeRawBufferPointer) throws(RecordCodec.Damage) {
        if let tag = try? Tag(utf8: bytes) {
            self = .tag(tag)
            return
        }
        let digits = String(decoding: bytes.dropFirst(Self.workerPrefix.count), as: UTF8.self)
        // Another spelling of the number would be a second record of the same worker id.
        guard let worker = Int(digits), bytes.elementsEqual(RecordKey.worker(worker).bytes) else {
            throw RecordCodec.Damage(reason: "a key that is neither a tag nor a worker id")
        }
        self = .worker(worker)
    }

    var bytes: [UInt8] {
        switch self {
        case .tag(let tag): Array(tag.name.utf8)
        case .worker(let worker): Self.workerPrefix + Array(String(worker).utf8)
        }
    }

    var description: String {
        switch self {
        case .tag(let tag): "tag \(tag)"
        case .worker(let worker): "worker id \(worker)"
        }
    }
}

extension JournalEntry {
    var key: RecordKey {
        switch self {
        case .tag(let tag, _): .tag(tag)
        case .worker(let record): .worker(record.worker)
        }
    }

    var isTag: Bool {
        if case .tag = self { true } else { false }
    }

    func encoded(key: UnsafeRawBufferPointer, sequence: UInt64) -> [UInt8] {
        switch self {
        case .tag(_, let record): record.encoded(key: key, sequence: sequence)
        case .worker(let record): record.encoded(key: key, sequence: sequence)
        }
    }
}
