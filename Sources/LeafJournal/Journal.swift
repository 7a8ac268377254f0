package import LeafCore

/// The host's durable memory: for each tag its segments and the mark `hi` above which nothing has been issued, so that a
/// daemon that starts again goes on without the database and without repeating an ID.
///
/// A commit is durable when `commit` returns, whole or not at all. Every record carries a checksum and the sequence number
/// of its commit. One daemon at a time holds a journal (flock). Used by one thread at a time.
package final class Journal {
    package let path: String
    /// Was there a journal before?
    package let isNew: Bool
    /// This machine, boot and file.
    package let host: HostIdentity
    package private(set) var header: JournalHeader
    /// The number of the newest commit.
    package private(set) var sequence: UInt64
    /// Whether there is room ahead, so that commits go on even on a full disk.
    package private(set) var hasHeadroom = true

    private let folder: JournalFolder
    private let environment: Environment

    /// Opens the journal in the folder `path`, or makes one.
    ///
    /// - Parameter mapBytes: the most the journal can ever hold.
    /// - Throws: `JournalError`: `.locked`, `.inaccessible`, `.damaged`.
    package init(path: String, mapBytes: Int) throws(JournalError) {
        self.path = path
        folder = try JournalFolder(path: path)
        environment = try Environment(path: path, mapBytes: mapBytes)
        // The lock's file can be removed by somebody; the data cannot without being other data.
        try JournalFolder.lock(environment.descriptor, "\(path)/data.mdb", of: path)
        host = try folder.identity()
        if let (sequence, header) = try Journal.readHeader(environment, path) {
            self.sequence = sequence
            self.header = header
            isNew = false
        } else {
            sequence = 0
            header = JournalHeader(
                journalID: .randomIdentifier(), agentID: .randomIdentifier(), agentBeat: 0, storeID: "",
                storePlace: .none,
                host: host, isClean: true, epoch: 1, isUnconfirmed: false)
            isNew = true
        }
        extend()
        folder.sync()
    }

    /// Sets what the next commit makes durable of the header.
    package func adopt(_ header: JournalHeader) {
        self.header = header
    }

    /// Every tag's record, in the order of tags.
    package func records() throws(JournalError) -> [(tag: Tag, record: TagRecord)] {
        var records: [(tag: Tag, record: TagRecord)] = []
        let newest = sequence
        try Journal.wrapping(path) {
            try environment.read(.tags) { key, value in
                guard let tag = try? Tag(utf8: key) else { throw RecordCodec.Damage(reason: "a key that is no tag") }
                do {
                    let (sequence, record) = try TagRecord.decoded(key: key, value: value)
                    guard sequence <= newest else { throw RecordCodec.Damage(reason: "from a commit after the newest") }
                    records.append((tag, record))
                } catch let damage as RecordCodec.Damage {
                    throw RecordCodec.Damage(reason: "tag \(tag): \(damage.reason)")
                }
            }
        }
        return records
    }

    /// Makes records and header durable together.
    ///
    /// - Throws: `.full`: nothing was written. `.unknownOutcome`: it may be on disk or not.
    package func commit(_ records: [(tag: Tag, record: TagRecord)], header: JournalHeader) throws(JournalError) {
        let next = sequence + 1
        var entries = records.map { tag, record in
            let key = Array(tag.name.utf8)
            return (
                table: Environment.Table.tags, key: key,
                value: key.withUnsafeBytes { record.encoded(key: $0, sequence: next) }
            )
        }
        entries.append((.meta, JournalHeader.key, header.encoded(sequence: next)))
        try environment.write(entries)
        sequence = next
        self.header = header
    }

    /// Keeps zeros written ahead of use. To be called now and then, between commits.
    package func extend() {
        let size = environment.size
        hasHeadroom = JournalFolder.extend(descriptor: environment.descriptor, used: size.used, limit: size.map)
    }

    /// Bytes in use, and bytes that it may grow to.
    package var size: (used: Int, map: Int) { environment.size }

    private static func readHeader(
        _ environment: borrowing Environment, _ path: String
    ) throws(JournalError) -> (UInt64, JournalHeader)? {
        var found: (UInt64, JournalHeader)?
        try wrapping(path) {
            try environment.read(.meta) { key, value in
                guard key.elementsEqual(JournalHeader.key) else { return }
                found = try JournalHeader.decoded(value: value)
            }
        }
        return found
    }

    private static func wrapping(_ path: String, _ body: () throws -> Void) throws(JournalError) {
        do {
            try body()
        } catch let error as JournalError {
            throw error
        } catch {
            let reason = (error as? RecordCodec.Damage)?.reason ?? "\(error)"
            throw JournalError(
                .damaged,
                "the journal \(path) is damaged: \(reason) — move the folder away and start again: the stock in it is given up "
                    + "(a gap, no duplicate)")
        }
    }
}

extension String {
    /// 32 random hexadecimal digits.
    package static func randomIdentifier() -> String {
        let digits = Array("0123456789abcdef")
        return String((0..<32).map { _ in digits[Int.random(in: 0..<16)] })
    }
}
