private import Glibc
internal import LeafCore

/// An open data file: its lock, its environment, and the number and digest of its newest commit.
final class DataFile {
    private(set) var sequence: UInt64 = 0
    private(set) var digest: UInt64 = 0

    private let environment: Environment
    private let lock: FileLock
    private let name: String

    /// Bytes of written zeros kept ahead of what LMDB uses, so that commits go on when the disk is full.
    static let headroom = 16 << 20

    /// Everything that is in it.
    struct Contents {
        /// nil: there has been no commit.
        var header: HeaderRecord?
        var tags: [(tag: Tag, record: TagRecord)] = []
        var workers: [WorkerRecord] = []

        /// Reads a record.
        ///
        /// - Returns: the number of the commit that wrote it.
        fileprivate mutating func add(
            _ owner: RecordKey, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
        ) throws -> UInt64 {
            switch owner {
            case .tag(let tag):
                let (sequence, record) = try TagRecord.decoded(key: key, value: value)
                tags.append((tag, record))
                return sequence
            case .worker(let worker):
                let (sequence, record) = try WorkerRecord.decoded(worker, key: key, value: value)
                workers.append(record)
                return sequence
            }
        }
    }

    /// Opens an existing one, or makes one.
    ///
    /// - Parameters:
    ///   - lock: holds the file.
    ///   - name: what messages call the journal.
    init(_ lock: consuming FileLock, mapBytes: Int, name: String) throws(JournalError) {
        let file = lock.file
        self.lock = lock
        self.name = name
        guard try DataFile.hasTables(file, mapBytes: mapBytes, name: name) else {
            environment = try Environment(file: file, mapBytes: mapBytes, access: .readWrite, name: name)
            return
        }
        environment = try Environment(file: file, mapBytes: mapBytes, access: .existing, name: name)
    }

    /// Whether a file that may be new has been written to before.
    private static func hasTables(_ file: String, mapBytes: Int, name: String) throws(JournalError) -> Bool {
        let environment = try Environment(file: file, mapBytes: mapBytes, access: .existing, name: name)
        return try !environment.isNew(name)
    }

    func host() throws(JournalError) -> HostIdentity { try HostIdentity.of(lock.descriptor, name: name) }

    /// Reads all of it, and checks all of it. Commits go on from there.
    func load() throws(JournalError) -> Contents {
        let contents = try environment.contents(name)
        sequence = contents.header?.sequence ?? 0
        digest = contents.header?.digest ?? 0
        return contents
    }

    /// Makes entries and header durable together.
    func commit(_ entries: [JournalEntry], header: JournalHeader) throws(JournalError) {
        let next = sequence + 1
        var digest = digest
        try environment.write { transaction throws(JournalError) in
            for entry in entries {
                let key = entry.key.bytes
                let value = key.withUnsafeBytes { entry.encoded(key: $0, sequence: next) }
                let old = try transaction.put(.tags, key, value) { $0.map(RecordCodec.storedChecksum) }
                if let old {
                    guard let old else { throw JournalError(.damaged, "the journal \(name): a record cut short") }
                    digest &-= UInt64(old)
                }
                digest &+= UInt64(value.withUnsafeBytes { RecordCodec.storedChecksum($0) } ?? 0)
            }
            let value = header.encoded(sequence: next, digest: digest)
            try transaction.put(.meta, JournalHeader.key, value) { _ in }
        }
        sequence = next
        self.digest = digest
    }

    /// Extends the file with written zeros beyond what is used where less than half the headroom is left.
    ///
    /// - Returns: false if there is no room. Nothing is lost by that but the assurance against a full disk.
    func extend() -> Bool {
        let (used, limit) = environment.size
        let descriptor = environment.descriptor
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        guard Int(status.st_size) < min(used + Self.headroom / 2, limit) else { return true }
        let end = min(used + Self.headroom, limit)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var offset = Int(status.st_size)
        while offset < end {
            let written = pwrite(descriptor, zeros, min(zeros.count, end - offset), offset)
            guard written > 0 else { return false }
            offset += written
        }
        return fdatasync(descriptor) == 0
    }

    /// Bytes in use, and bytes that it may grow to.
    var size: (used: Int, map: Int) { environment.size }
}

extension Environment {
    /// Whether nothing has ever been put into it.
    ///
    /// - Throws: `.damaged`: tables are missing from a file that has been written to.
    func isNew(_ name: String) throws(JournalError) -> Bool {
        guard !has(.meta) || !has(.tags) else { return false }
        guard newestTransaction == 0 else {
            throw JournalError(.damaged, "the journal \(name) is damaged: a table is missing")
        }
        return true
    }

    /// Reads all records, and checks each, their number and their sum.
    func contents(_ name: String) throws(JournalError) -> DataFile.Contents {
        do {
            return try readContents()
        } catch let error as JournalError {
            throw error
        } catch {
            let reason = (error as? RecordCodec.Damage)?.reason ?? "\(error)"
            throw JournalError(.damaged, "the journal \(name) is damaged: \(reason)")
        }
    }

    private func readContents() throws -> DataFile.Contents {
        var contents = DataFile.Contents()
        try read(.meta) { key, value in
            guard key.elementsEqual(JournalHeader.key) else {
                throw RecordCodec.Damage(reason: "a key that is no header")
            }
            contents.header = try JournalHeader.decoded(value: value)
        }
        // Making the tables is the first transaction, a header comes with every later one.
        guard contents.header != nil || newestTransaction <= 1 else {
            throw RecordCodec.Damage(reason: "there is no header")
        }
        let newest = contents.header?.sequence ?? 0
        var digest: UInt64 = 0
        try read(.tags) { key, value in
            let owner = try RecordKey(key)
            do {
                guard try contents.add(owner, key, value) <= newest else {
                    throw RecordCodec.Damage(reason: "from a commit after the newest")
                }
                digest &+= UInt64(RecordCodec.storedChecksum(value) ?? 0)
            } catch let damage as RecordCodec.Damage {
                throw RecordCodec.Damage(reason: "\(owner): \(damage.reason)")
            }
        }
        guard digest == contents.header?.digest ?? 0 else {
            throw RecordCodec.Damage(
                reason: "the records' sum does not match: some are of an earlier commit, or missing")
        }
        return contents
    }
}
