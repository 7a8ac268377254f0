private import Glibc
internal import LeafCore

extension Journal {
    /// Checks the journal in the folder `path`, which the caller has locked: pages, free list, every record, and
    /// whether a transaction can be begun. To be called in a process that may die of it.
    ///
    /// Changes nothing.
    package static func verify(path: String) -> Verification {
        let file = path + "/data.mdb"
        var status = stat()
        guard stat(file, &status) == 0 else {
            return errno == ENOENT ? .absent : .unknown("\(file) cannot be examined: \(errorText())")
        }
        guard status.st_size > 0 else { return .absent }
        do throws(JournalError) {
            return try verify(file: file, length: Int(status.st_size), name: path)
        } catch {
            return error.code == .damaged ? .damaged(error.message) : .unknown(error.message)
        }
    }

    /// Room for a transaction that is not to fail for want of it.
    private static let spareBytes = 64 << 20

    private static func verify(file: String, length: Int, name: String) throws(JournalError) -> Verification {
        if let problem = PageAudit.problem(file: file, length: length) { return .damaged(problem) }
        let environment = try Environment(file: file, mapBytes: length + spareBytes, access: .existing, name: name)
        if try environment.isNew(name) { return .sound(records: 0, sequence: 0) }
        let contents = try environment.contents(name)
        guard let header = contents.header else { return .sound(records: 0, sequence: 0) }
        try environment.rehearse { transaction throws(JournalError) in
            for entry in contents.entries(ofEach: rehearsedMax) {
                let key = entry.key.bytes
                let value = key.withUnsafeBytes { entry.encoded(key: $0, sequence: header.sequence + 1) }
                try transaction.put(.tags, key, value) { _ in }
            }
            let value = header.header.encoded(sequence: header.sequence + 1, digest: header.digest)
            try transaction.put(.meta, JournalHeader.key, value) { _ in }
        }
        return .sound(records: contents.tags.count, sequence: header.sequence)
    }

    /// Records of each kind written in the transaction that is aborted.
    private static let rehearsedMax = 1000
}

extension DataFile.Contents {
    /// The first records of each kind.
    fileprivate func entries(ofEach most: Int) -> [JournalEntry] {
        tags.prefix(most).map { .tag($0.tag, $0.record) } + workers.prefix(most).map { .worker($0) }
    }
}
