import LeafCore

@testable import LeafJournal

/// What is in a journal after a commit.
struct Snapshot: Equatable {
    var header: JournalHeader
    var tags: [Tag: TagRecord]
    var workers: [Int: WorkerRecord]

    init(_ contents: JournalContents) {
        header = contents.header
        tags = Dictionary(uniqueKeysWithValues: contents.records.map { ($0.tag, $0.record) })
        workers = Dictionary(uniqueKeysWithValues: contents.workers.map { ($0.worker, $0) })
    }
}

/// A sound journal: the bytes of its data file without the zeros written ahead, and what each of its commits wrote.
struct SampleJournal: Sendable {
    let bytes: [UInt8]
    /// By the number of the commit.
    let history: [UInt64: Snapshot]
    /// Every floor that a tag ever had.
    let floors: [Tag: Set<Int64>]

    static let mapBytes = 64 << 20

    static let all = [
        // Nothing in it.
        SampleJournal(tags: 0, nameBytes: 0, commits: 0),
        // One page of records, and records on pages of their own.
        SampleJournal(tags: 6, nameBytes: 5, commits: 12),
        // Trees of two and of three levels.
        SampleJournal(tags: 60, nameBytes: 5, commits: 5),
        SampleJournal(tags: 400, nameBytes: 120, commits: 2),
        SampleJournal(tags: 3, nameBytes: 5, commits: 2),
    ]

    /// - Parameters:
    ///   - nameBytes: of each tag's name.
    ///   - commits: after the first, which has all tags.
    private init(tags: Int, nameBytes: Int, commits: Int) {
        DataFolder.write([])
        var history: [UInt64: Snapshot] = [:]
        var floors: [Tag: Set<Int64>] = [:]
        let names = (0..<tags).map {
            Self.tag(String(repeating: "t", count: nameBytes - String($0).utf8.count) + String($0))
        }
        do {
            let file = try DataFile(
                try FileLock.take(DataFolder.file, of: "sample"), mapBytes: Self.mapBytes, name: "sample")
            for number in 0..<Int64(tags > 0 ? commits + 1 : 0) {
                let record = number % 4 == 3 ? Self.large(number) : Self.record(number)
                let changed = number == 0 ? names : [names[Int(number) % tags], names[Int(number) * 7 % tags]]
                for tag in changed { floors[tag, default: []].insert(record.floor) }
                try file.commit(
                    changed.map { .tag($0, record) } + [.worker(Self.worker(Int(number % 2), number))],
                    header: Self.header)
                history[file.sequence] = DataFolder.contents(isLocked: true).map(Snapshot.init)
            }
        } catch {
            fatalError("no sample journal can be made: \(error)")
        }
        bytes = DataFolder.bytes()
        self.history = history
        self.floors = floors
    }

    static func tag(_ name: String) -> Tag {
        guard let tag = try? Tag(name) else { fatalError("'\(name)' is no tag") }
        return tag
    }

    static func record(_ number: Int64) -> TagRecord {
        TagRecord(
            incarnation: 7, epoch: 1, segments: [Segment(start: 1, end: 1001), Segment(start: 5001, end: 6001)],
            hi: 100 + number, cap: 300, position: 80, floor: 6001 + number, step: 2000, tableStep: 1000)
    }

    /// So many segments that the record lies on pages of its own.
    static func large(_ number: Int64) -> TagRecord {
        var record = record(number)
        record.segments = (0..<260).map { Segment(start: 1 + 1000 * $0, end: 1001 + 1000 * $0) }
        record.floor = 260_001 + number
        return record
    }

    static func worker(_ worker: Int, _ number: Int64) -> WorkerRecord {
        WorkerRecord(
            worker: worker, generation: 3, epoch: 1, format: "epoch 0, 41 bits of 1 ms", lastTime: 9000 + number,
            hi: 5000 + number, cap: 600)
    }

    private static let header = JournalHeader(
        journalID: String(repeating: "a", count: 32), agentID: String(repeating: "b", count: 32), agentBeat: 1,
        storeID: "store", storePlace: StorePlace(url: "sqlite:///store", table: "leaf_alloc"),
        host: HostIdentity(machineID: "machine", bootID: "boot", fileSystemID: 1, device: 2, inode: 3),
        isClean: false, epoch: 1, isUnconfirmed: false)
}
