import Foundation
import LeafTestKit

/// A host whose daemon was killed, with all that it left behind: journal, witness, store. Whatever is done to it, it can be
/// put back as it was, so that each damage is tried on the same.
final class KilledHost {
    let host = Host()
    let setup: DaemonSetup
    /// The journal as it was left.
    let image: JournalImage
    /// And what it says.
    let dump: JournalDump
    /// The highest ID of each tag that was issued before.
    let highest: [String: Int64]
    /// What was issued of the tag orders before.
    private let issued: IDSet

    private let inode: UInt64
    private let witnesses: [String: Data]
    private let store: [String: Data]

    static let tags = ["orders", "users", "invoices", "a-tag-with-a-longer-name-than-the-others"]

    init() throws {
        setup = host.setup(
            tags: KilledHost.tags.map { "{name: \($0), step: 1000}" }, settings: ["segments.wait-timeout=500ms"])
        let daemon = try LeafDaemon(setup)
        try host.waitForIDs(setup.socketPath)
        var issued = IDSet()
        var highest: [String: Int64] = [:]
        // More than one life, so that there are pages of several ages.
        for _ in 0..<2 {
            for tag in KilledHost.tags {
                let ids = try Host.ask(daemon.setup.socketPath, rounds: 10, tag: tag).ids
                highest[tag] = max(highest[tag] ?? 0, ids.max() ?? 0)
                if tag == "orders" { issued.insert(ids) }
            }
            daemon.kill()
            try daemon.start()
        }
        // What was still to be written has been by now: every limit rests on a commit that is witnessed.
        try eventually("commits have settled", every: .milliseconds(700)) { () throws -> Bool in
            let before = try Stats(daemon).journal.commits
            pauseThread(.milliseconds(600))
            return try Stats(daemon).journal.commits == before
        }
        daemon.kill()
        self.issued = issued
        self.highest = highest
        image = try JournalImage(path: setup.journal + "/data.mdb")
        guard let dump = try JournalTool.dump(setup.journal) else { throw TestProblem("the journal cannot be read") }
        self.dump = dump
        inode = KilledHost.inode(setup.journal + "/data.mdb")
        witnesses = KilledHost.files(in: setup.folder.memory) { _ in true }
        store = KilledHost.files(in: setup.folder.path) { $0.hasPrefix("central.sqlite") }
    }

    /// Bytes in use: what lies behind them is zeros, kept for later.
    var used: Int { dump.journal.bytes }

    /// Puts all back as it was, but for one damage. The journal stays in the same file, which a witness can tell.
    func restore(_ damage: JournalImage.Damage) throws {
        let data = setup.journal + "/data.mdb"
        for name in Folder.entries(of: setup.journal) where ![".", "..", "lock"].contains(name) {
            let path = setup.journal + "/" + name
            // It may have been set aside; a file of that number lives as long as it has a name.
            if KilledHost.inode(path) == inode { rename(path, data) } else { unlink(path) }
        }
        if KilledHost.inode(data) != inode { throw TestProblem("the journal's file is gone from \(setup.journal)") }
        try image.damaged(by: damage).write(over: data)
        try KilledHost.replace(setup.folder.memory, witnesses) { _ in true }
        try KilledHost.replace(setup.folder.path, store) { $0.hasPrefix("central.sqlite") }
    }

    /// The IDs among these that had been issued before, or came twice now.
    func repeated(_ ids: [Int64]) -> [Int64] {
        var all = issued
        all.insert(ids)
        return all.duplicates
    }

    var issuedCount: Int { issued.count }

    private static func inode(_ path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    private static func files(in folder: String, _ isWanted: (String) -> Bool) -> [String: Data] {
        var files: [String: Data] = [:]
        for name in Folder.entries(of: folder) where isWanted(name) {
            files[name] = FileManager.default.contents(atPath: folder + "/" + name)
        }
        return files
    }

    /// Files that stay are written over, not made anew: another inode would be another store.
    private static func replace(_ folder: String, _ files: [String: Data], _ isWanted: (String) -> Bool) throws {
        for name in Folder.entries(of: folder) where isWanted(name) && ![".", ".."].contains(name) {
            if files[name] == nil { unlink(folder + "/" + name) }
        }
        for (name, data) in files { try JournalImage(Array(data)).write(over: folder + "/" + name) }
    }

    // MARK: Outages

    /// Ends an outage of the store.
    ///
    /// - Returns: false if leafd has made another store in its place meanwhile.
    func endOutage() throws -> Bool {
        let isMade = FileManager.default.fileExists(atPath: setup.storePath)
        for suffix in ["-shm", "-wal", ""] { unlink(setup.storePath + suffix) }
        try setup.store.moveBack()
        return !isMade
    }
}
