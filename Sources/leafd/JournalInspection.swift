import LeafCore
import LeafJournal
import LeafProtocol

#if canImport(Glibc)
    import Glibc
#endif

/// Reading a journal without running on it: for the start of a daemon, which has it done in a process that may die of it,
/// and for leafctl. What is found is on standard output, and the exit status says what that is.
enum JournalInspection {
    /// What was asked for is on standard output; else the reason why not.
    private static let done: Int32 = 0
    private static let damaged: Int32 = 1
    private static let unreadable: Int32 = 2
    private static let locked: Int32 = 3

    /// Checks a journal: `leafd --verify-journal PATH`.
    ///
    /// - Parameter path: the folder, which whoever calls has locked; or one data file, of which every record is read, and
    ///   nothing else tried.
    /// - Returns: the exit status.
    static func verify(path: String) -> Int32 {
        let found = isFile(path) ? verification(ofFile: path) : Journal.verify(path: path)
        say(found.line)
        switch found {
        case .sound: return done
        case .damaged: return damaged
        case .absent, .unknown: return unreadable
        }
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private static func verification(ofFile path: String) -> Verification {
        do throws(JournalError) {
            let journal = try JournalReader.read(path: path)
            return .sound(records: journal.records.count, sequence: journal.sequence)
        } catch {
            return error.code == .damaged ? .damaged(error.message) : .unknown(error.message)
        }
    }

    /// Prints what a stopped daemon has left as an object in the form of STATS, with every tag: `leafd --dump-journal PATH`.
    ///
    /// - Parameter path: the folder, or one data file.
    /// - Returns: the exit status.
    static func dump(path: String) -> Int32 {
        do throws(JournalError) {
            say(document(try JournalReader.read(path: path), path).jsonText())
            return done
        } catch {
            say(error.message)
            switch error.code {
            case .damaged: return damaged
            case .locked: return locked
            default: return unreadable
            }
        }
    }

    private static func document(_ journal: JournalContents, _ path: String) -> StatsDocument {
        var document = StatsDocument()
        document.version = Leafd.version
        document.agentID = journal.header.agentID
        let url = journal.header.storePlace.url
        document.store.url = url
        document.store.kind = url.firstIndex(of: ":").map { String(url[..<$0]) } ?? ""
        document.journal.path = path
        document.journal.commits = Int64(clamping: journal.sequence)
        document.journal.bytes = Int64(journal.usedBytes)
        let workers = journal.workers.filter { $0.epoch == journal.header.epoch }.sorted { $0.worker < $1.worker }
        document.snowflake.enabled = !workers.isEmpty
        document.snowflake.format = workers.first?.format
        document.snowflake.workers = workers.map { Int64($0.worker) }
        document.snowflake.generations = workers.map(\.generation)
        let now = Int64(time(nil)) * 1000
        document.snowflake.horizonSeconds = workers.map { Double(max(0, $0.lastTime - now)) / 1000 }.min()
        document.tagsTotal = Int64(journal.records.count)
        document.tags = journal.records.sorted { $0.tag < $1.tag }.map { tag, record in
            stats(of: tag, record, isGivenUp: record.epoch != journal.header.epoch)
        }
        return document
    }

    /// What a start that goes on from `hi` would have.
    ///
    /// - Parameter isGivenUp: only the floor is valid.
    private static func stats(of tag: Tag, _ record: TagRecord, isGivenUp: Bool) -> TagStats {
        var stats = TagStats(tag: tag.name)
        stats.nextStep = record.step
        guard !isGivenUp else { return stats }
        stats.step = record.segments.first?.count
        stats.stock = record.stock
        stats.lost = record.hi - record.position
        stats.reservedTo = record.hi > 0 ? record.hi : nil
        stats.segments = record.segments.map {
            SegmentStats(start: $0.start, end: $0.end, next: min(max($0.start, record.hi), $0.end))
        }
        return stats
    }

    private static func say(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written < 0 && errno != EINTR { return }
            rest = rest.dropFirst(max(written, 0))
        }
    }
}
