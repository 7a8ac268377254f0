import Foundation
import LeafCore
import LeafTestKit
import Testing

@testable import LeafJournal

@Suite struct WitnessTests {
    private let folder = TemporaryFolder()
    private let id = String(repeating: "a", count: 32)
    private let trace = AgentTrace(
        agentID: String(repeating: "b", count: 32), beat: 7, nonce: "nonce",
        unanswered: (0..<AgentTrace.unansweredMax).map { "n\($0)" }, liftSeen: 3)

    private func header(_ id: String) -> JournalHeader {
        JournalHeader(
            journalID: id, agentID: trace.agentID, agentBeat: 0, storeID: "", storePlace: .none,
            host: HostIdentity(machineID: "m", bootID: "boot", fileSystemID: 1, device: 2, inode: 3), isClean: false,
            epoch: 1, isUnconfirmed: false)
    }

    private func path(_ id: String) -> String { folder.memory + "/leafd-\(id).witness" }

    private func witness() -> WitnessFile { WitnessFile(folder: folder.memory) }

    /// Looks for a witness whose holder has just let it go: another test's child may hold it a moment longer.
    private func found(_ witness: WitnessFile, _ id: String) throws -> WitnessFinding {
        try eventually("the witness is free") {
            let finding = witness.find(journalID: id)
            return finding == .heldByAnother ? nil : finding
        }
    }

    @Test func `what was recorded is found by the next start`() throws {
        do {
            let witness = witness()
            #expect(witness.find(journalID: id) == .absent("there is no file \(path(id))"))
            #expect(!witness.exists)
            #expect(witness.note(trace))
            #expect(!witness.exists)
            #expect(witness.record(sequence: 41, header: header(id)))
            #expect(witness.record(sequence: 42, header: header(id)))
            #expect(witness.exists)
        }
        let next = witness()
        #expect(
            try found(next, id)
                == .found(Witness(journalID: id, bootID: "boot", device: 2, inode: 3, sequence: 42, trace: trace)))
        #expect(next.exists)
        // What was found is what the next commit says, until something else is noted.
        #expect(next.record(sequence: 43, header: header(id)))
        var status = stat()
        #expect(stat(path(id), &status) == 0)
        #expect(status.st_size == WitnessRecord.length && status.st_mode & 0o777 == 0o600)
    }

    @Test func `a witness is held by one process at a time`() throws {
        let first = witness()
        #expect(first.record(sequence: 1, header: header(id)))
        let second = witness()
        #expect(second.find(journalID: id) == .heldByAnother)
        #expect(second.exists)
        #expect(!second.record(sequence: 2, header: header(id)))
        #expect(!second.remove())
        #expect(second.note(trace))
        #expect(FileManager.default.fileExists(atPath: path(id)))
        // It goes on under another name.
        #expect(second.record(sequence: 2, header: header("c")))
    }

    @Test func `a trace is written at once where there is a witness`() throws {
        do {
            let witness = witness()
            #expect(witness.record(sequence: 5, header: header(id)))
            #expect(witness.note(trace))
        }
        guard case .found(let found) = try found(witness(), id) else {
            Issue.record("not found")
            return
        }
        #expect(found.trace == trace && found.sequence == 5)
    }

    @Test func `a new journal id gets a file of its own, and the old one contradicts every copy`() throws {
        let witness = witness()
        #expect(witness.record(sequence: 5, header: header(id)))
        #expect(witness.record(sequence: 6, header: header("new")))
        guard case .found(let old) = try found(WitnessFile(folder: folder.memory), id) else {
            Issue.record("the old witness is gone, or still held")
            return
        }
        #expect(old.sequence == .max)
        #expect(self.witness().find(journalID: "new") == .heldByAnother)
    }

    @Test func `an old journal id that has no witness gets one that contradicts`() throws {
        let witness = witness()
        #expect(witness.find(journalID: id) != .heldByAnother)
        #expect(witness.record(sequence: 6, header: header("new")))
        guard case .found(let old) = try found(WitnessFile(folder: folder.memory), id) else {
            Issue.record("nothing tells about the old journal")
            return
        }
        #expect(old.sequence == .max)
    }

    @Test func `a witness that somebody has removed or replaced comes back with the next commit`() throws {
        let witness = witness()
        #expect(witness.record(sequence: 1, header: header(id)))
        #expect(unlink(path(id)) == 0)
        #expect(witness.record(sequence: 2, header: header(id)))
        #expect(FileManager.default.fileExists(atPath: path(id)))
        #expect(unlink(path(id)) == 0)
        try Data("else".utf8).write(to: URL(filePath: path(id)))
        #expect(witness.record(sequence: 3, header: header(id)))
        #expect(WitnessRecord.decode([UInt8](try Data(contentsOf: URL(filePath: path(id)))))?.sequence == 3)
        #expect(unlink(path(id)) == 0)
        #expect(symlink("/etc/hostname", path(id)) == 0)
        #expect(witness.record(sequence: 4, header: header(id)))
        #expect(WitnessRecord.decode([UInt8](try Data(contentsOf: URL(filePath: path(id)))))?.sequence == 4)
    }

    @Test func `every flipped bit of a witness makes it none`() throws {
        let bytes = try #require(
            WitnessRecord.encode(
                Witness(journalID: id, bootID: "boot", device: 2, inode: 3, sequence: 42, trace: trace)))
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            #expect(WitnessRecord.decode(flipped) == nil)
        }
        for count in [0, 1, 11, 100, bytes.count - 1] { #expect(WitnessRecord.decode(Array(bytes[..<count])) == nil) }
        try Data(bytes.dropLast()).write(to: URL(filePath: path(id)))
        let witness = witness()
        #expect(
            witness.find(journalID: id) == .absent("\(path(id)) cannot be read: its bytes are not what leafd wrote"))
        #expect(witness.exists)
        #expect(witness.record(sequence: 1, header: header(id)))
    }

    @Test func `a file under the wrong name is no witness`() throws {
        do { #expect(witness().record(sequence: 1, header: header(id))) }
        try FileManager.default.copyItem(atPath: path(id), toPath: path("other"))
        guard case .absent = witness().find(journalID: "other") else {
            Issue.record("it was believed")
            return
        }
    }

    @Test func `what is too long for it is not written`() {
        let witness = witness()
        #expect(witness.record(sequence: 1, header: header(id)))
        var long = trace
        long.nonce = String(repeating: "x", count: WitnessRecord.textMax + 1)
        // Neither can it be left with an older trace.
        #expect(witness.note(long))
        #expect(!witness.exists)
        #expect(!witness.record(sequence: 2, header: header(id)))
    }

    @Test func `without a folder nothing is found and nothing is in the way`() {
        let witness = WitnessFile(folder: nil)
        #expect(witness.find(journalID: id) == .absent("there is no file system in memory to keep one on"))
        #expect(!witness.record(sequence: 1, header: header(id)))
        #expect(witness.note(trace))
        #expect(witness.remove())
        #expect(!witness.exists)
    }

    @Test func `the folder for witnesses is the first that is in memory`() {
        let memory = folder.memory
        #expect(WitnessFolder.choose(configured: memory, environment: [:]) == (memory, nil))
        let chosen = WitnessFolder.choose(
            configured: nil,
            environment: ["RUNTIME_DIRECTORY": "/nonexistent:\(memory)", "XDG_RUNTIME_DIR": folder.path])
        #expect(chosen == (memory, nil))
        #expect(WitnessFolder.choose(configured: "", environment: ["XDG_RUNTIME_DIR": memory]).path == memory)
        let none = WitnessFolder.choose(configured: "/proc/self", environment: [:])
        #expect(none.path == nil)
        #expect(none.note?.contains("not on tmpfs") == true)
        #expect(
            WitnessFolder.choose(configured: "/nonexistent", environment: [:]).note?.contains("does not exist") == true)
    }
}
