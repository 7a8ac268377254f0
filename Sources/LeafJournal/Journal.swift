package import LeafCore

/// The host's durable memory: for each tag its segments and the mark `hi` above which nothing has been issued, for each
/// worker id its lease and the time above which nothing has been stamped, so that a daemon that starts again goes on
/// without the database and without repeating an ID.
///
/// A commit is durable when `commit` returns, whole or not at all. Every record carries a checksum and the sequence
/// number of its commit, the header their sum. A journal that is damaged is set aside, never repaired. One daemon at a
/// time holds a journal (flock). Used by one thread at a time.
package final class Journal {
    package let path: String
    /// Was there no journal before, or none that could be used?
    package let isNew: Bool
    /// A damaged journal that this start found.
    package let setAside: SetAside?
    /// This machine, boot and file.
    package private(set) var host: HostIdentity
    package private(set) var header: JournalHeader
    /// The number of the newest commit.
    package var sequence: UInt64 { file?.sequence ?? 0 }
    /// Whether there is room ahead, so that commits go on even on a full disk.
    package private(set) var hasHeadroom = true

    private let folder: JournalFolder
    private let mapBytes: Int
    private var opening: OpeningCount
    /// nil: set aside, and no other has taken its place yet.
    private var file: DataFile?
    /// What opening has read, kept until the first commit.
    private var loaded: DataFile.Contents?

    /// Opens the journal in the folder `path`, or makes one. A damaged one is set aside, and only its floors are taken
    /// over into a new one, with no stock.
    ///
    /// - Parameters:
    ///   - mapBytes: the most the journal can ever hold.
    ///   - verify: finds out whether the data file can be read without dying of it.
    /// - Throws: `JournalError`: `.locked`, `.inaccessible`, `.full`; never because of what bytes are in the data file.
    package init(path: String, mapBytes: Int, verify: JournalVerifier) throws(JournalError) {
        self.path = path
        self.mapBytes = mapBytes
        folder = try JournalFolder(path: path)
        opening = OpeningCount(file: folder.openingFile, bootID: HostIdentity.currentBootID)
        do throws(JournalError) {
            let opened = try folder.open(opening, mapBytes: mapBytes, verify: verify)
            if opened.setAside != nil { opening.restart() }
            isNew = opened.isNew
            setAside = opened.setAside
            host = opened.host
            header = opened.header
            loaded = opened.contents
            file = opened.file
        } catch {
            opening.undo()
            throw error
        }
        extend()
        folder.sync()
    }

    deinit {
        opening.end()
    }

    /// Sets what the next commit makes durable of the header.
    package func adopt(_ header: JournalHeader) {
        self.header = header
    }

    /// Every tag's record, in the order of tags.
    package func records() throws(JournalError) -> [(tag: Tag, record: TagRecord)] { try contents().tags }

    /// Every worker id's record, in no particular order; those that have been given up too (`WorkerRecord.epoch`).
    package func workers() throws(JournalError) -> [WorkerRecord] { try contents().workers }

    private func contents() throws(JournalError) -> DataFile.Contents {
        if let loaded { return loaded }
        return try file?.load() ?? DataFile.Contents()
    }

    /// Makes entries and header durable together.
    ///
    /// - Throws: `.full`: nothing was written. `.unknownOutcome` and others: it may be on disk or not.
    package func commit(_ entries: [JournalEntry], header: JournalHeader) throws(JournalError) {
        guard let file else { throw JournalError(.unknownOutcome, "the journal \(path) has been set aside") }
        loaded = nil
        do throws(JournalError) {
            try file.commit(entries, header: header)
        } catch {
            // Nobody died of it.
            if error.code == .full { opening.end() }
            throw error
        }
        self.header = header
        opening.end()
    }

    /// Keeps zeros written ahead of use. To be called now and then, between commits.
    package func extend() {
        hasHeadroom = file?.extend() ?? false
    }

    /// Bytes in use, and bytes that it may grow to.
    package var size: (used: Int, map: Int) { file?.size ?? (0, mapBytes) }

    /// Commits no more to this data file: sets it aside, and goes on in a fresh one with these contents, durable when
    /// this returns. The folder stays locked. After an error it can be called again.
    ///
    /// - Parameters:
    ///   - header: its host is set to the fresh file's.
    ///   - entries: of tags. Those of worker ids are left out: a lease is claimed anew, above all that was stamped under
    ///     the one whose last mark nobody knows.
    package func replace(
        reason: String, header: JournalHeader, entries: [JournalEntry]
    ) throws(JournalError) -> SetAside {
        loaded = nil
        file = nil
        try folder.requireInPlace()
        let fresh = try folder.make(header, entries.filter(\.isTag), mapBytes)
        let old = try folder.replace(.unknown)
        host = fresh.header.host
        self.header = fresh.header
        file = fresh.file
        opening.end()
        extend()
        return SetAside(file: old, reason: reason, floors: 0)
    }
}
