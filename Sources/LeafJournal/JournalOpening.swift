private import Glibc
internal import LeafCore
internal import LeafThreads

/// What a start has come to, whatever lay in the folder.
struct OpenedJournal {
    var file: DataFile
    var header: JournalHeader
    var host: HostIdentity
    /// What has been read; nil: not read yet.
    var contents: DataFile.Contents?
    var isNew = false
    var setAside: SetAside?
}

extension JournalFolder {
    /// Opens the data file, or makes one; sets a damaged one aside.
    ///
    /// - Parameter opening: how many starts have died of it; counts this one before it opens the data itself.
    func open(
        _ opening: borrowing OpeningCount, mapBytes: Int, verify: JournalVerifier
    ) throws(JournalError) -> OpenedJournal {
        unlink(newFile)
        guard access(dataFile, F_OK) == 0 || errno != ENOENT else {
            opening.begin()
            return try openNew(mapBytes)
        }
        // The folder's lock can be removed by somebody; the data cannot without being other data.
        let lock = try FileLock.take(dataFile, of: path)
        guard lock.length > 0 else { return try startOver("its file is empty", mapBytes) }
        guard opening.deaths < OpeningCount.deathsMax else {
            return try startOver("leafd died twice between opening it and its first commit", mapBytes)
        }
        switch verify(path) {
        case .sound: break
        case .damaged(let reason): return try startOver(reason, mapBytes)
        case .absent: return try startOver("what verified it found no journal", mapBytes)
        case .unknown(let reason):
            throw JournalError(
                .inaccessible, "the journal \(path) could not be verified: \(reason) — start leafd again")
        }
        opening.begin()
        do throws(JournalError) {
            return try openSound(lock, mapBytes)
        } catch {
            guard error.code == .damaged else { throw error }
            return try startOver(error.message, mapBytes)
        }
    }

    /// Made beside and put in its place when it is whole, so that an empty data file is always a damaged one.
    private func openNew(_ mapBytes: Int) throws(JournalError) -> OpenedJournal {
        let file = try DataFile(try FileLock.take(newFile, of: path), mapBytes: mapBytes, name: path)
        try putInPlace()
        let host = try file.host()
        return OpenedJournal(file: file, header: .fresh(host), host: host, isNew: true)
    }

    private func openSound(_ lock: consuming FileLock, _ mapBytes: Int) throws(JournalError) -> OpenedJournal {
        let file = try DataFile(lock, mapBytes: mapBytes, name: path)
        let contents = try file.load()
        let host = try file.host()
        return OpenedJournal(
            file: file, header: contents.header?.header ?? .fresh(host), host: host, contents: contents,
            isNew: contents.header == nil)
    }

    /// Sets the data file aside and makes one that knows its floors, no stock and no worker id.
    private func startOver(_ reason: String, _ mapBytes: Int) throws(JournalError) -> OpenedJournal {
        let salvage = FloorScan.scan(dataFile)
        var header = JournalHeader.fresh(HostIdentity.none)
        header.isClean = false
        if let old = salvage.header {
            header.storeID = old.storeID
            header.storePlace = old.storePlace
        }
        let entries = salvage.floors.map { tag, floor in JournalEntry.tag(tag, TagRecord(floor)) }
        var opened = try make(header, entries, mapBytes)
        opened.isNew = true
        opened.setAside = SetAside(file: try replace(.damaged), reason: reason, floors: entries.count)
        return opened
    }

    /// Makes a journal with these contents, durable, beside the present one.
    ///
    /// - Parameter header: its host is set to the new file's.
    func make(
        _ header: JournalHeader, _ entries: [JournalEntry], _ mapBytes: Int
    ) throws(JournalError) -> OpenedJournal {
        unlink(newFile)
        do throws(JournalError) {
            let file = try DataFile(try FileLock.take(newFile, of: path), mapBytes: mapBytes, name: path)
            var header = header
            header.host = try file.host()
            try file.commit(entries, header: header)
            return OpenedJournal(file: file, header: header, host: header.host)
        } catch {
            unlink(newFile)
            throw error
        }
    }
}

extension JournalHeader {
    /// Of a journal just made.
    fileprivate static func fresh(_ host: HostIdentity) -> JournalHeader {
        JournalHeader(
            journalID: .randomIdentifier(), agentID: .randomIdentifier(), agentBeat: 0, storeID: "", storePlace: .none,
            host: host, isClean: true, epoch: 1, isUnconfirmed: false)
    }
}

extension HostIdentity {
    fileprivate static let none = HostIdentity(machineID: "", bootID: "", fileSystemID: 0, device: 0, inode: 0)
}

extension TagRecord {
    /// What is left of a tag: of no epoch that ever is, so that a start finds its stock given up.
    fileprivate init(_ floor: FloorScan.Floor) {
        self.init(
            incarnation: 1, epoch: 0, segments: [], hi: 0, cap: 0, position: 0, floor: floor.floor, step: floor.step,
            tableStep: floor.tableStep)
    }
}
