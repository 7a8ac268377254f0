private import Glibc
package import LeafCore
private import LeafThreads

/// The file that holds the journal's witness, on a file system in memory: `leafd-JOURNALID.witness`, locked for the
/// life of the process, rewritten in place by one write.
///
/// The witness of another journal id is left where it is, unlocked: that it contradicts is what tells that an old copy
/// of the journal has been put back.
package final class WitnessFile: Sendable {
    // The lock spans the writes: they go to memory, and the journal's thread and the store's thread must not mix them.
    private let state: Lock<State>

    fileprivate struct State {
        let folder: String?
        /// Of the present journal; empty: none has been named yet.
        var journalID = ""
        /// The open and locked file; -1: none.
        var descriptor: Int32 = -1
        /// A file lies, or may lie, under the present journal's id.
        var mayExist = false
        /// That file is locked by another process.
        var isForeign = false
        /// What the file says, if this process has read or written it.
        var witness: Witness?
        var trace: AgentTrace?
    }

    /// - Parameter folder: on tmpfs; nil: there is none, so that nothing is ever found and nothing ever written.
    package init(folder: String?) {
        state = Lock(State(folder: folder))
    }

    deinit {
        state.with { $0.close() }
    }

    /// Looks for a journal's witness, and locks it.
    ///
    /// A lock may outlive its holder for a moment, in a child that is just being started: it is asked for over 200 ms.
    package func find(journalID: String) -> WitnessFinding {
        for _ in 0..<20 {
            let finding = state.with { $0.find(journalID) }
            if finding != .heldByAnother { return finding }
            usleep(10_000)
        }
        return state.with { $0.find(journalID) }
    }

    /// Lets go of the file, which stays: the daemon has stopped, and the next one may take it up.
    package func release() {
        state.with { $0.close() }
    }

    /// Leaves the witness that was found to the file that it speaks of: this journal is a copy of that one.
    package func disown() {
        state.with { $0.turn(to: "") }
    }

    /// Whether there is, or may be, a file under the present journal's id.
    package var exists: Bool { state.with { $0.mayExist } }

    /// The trace noted last.
    var trace: AgentTrace? { state.with { $0.trace } }

    /// Writes the witness of a commit, with the trace noted last.
    ///
    /// With a new journal id, the witness of the old one is first made to contradict whatever may be put back under it.
    ///
    /// - Returns: whether there is a witness now that names this commit.
    package func record(sequence: UInt64, header: JournalHeader) -> Bool {
        state.with { $0.record(sequence, header) }
    }

    /// Rewrites the witness with this trace; before there is a file, only remembers it.
    ///
    /// - Returns: false if the file can be neither rewritten nor removed, so that an older trace may be found there.
    package func note(_ trace: AgentTrace) -> Bool {
        state.with { $0.note(trace) }
    }

    /// Removes the witness: the next start proves nothing, which is safe.
    ///
    /// - Returns: whether there is none now.
    package func remove() -> Bool {
        state.with { $0.remove() }
    }
}

extension WitnessFile.State {
    /// nil: nowhere.
    private var path: String? {
        let isName =
            !journalID.isEmpty && journalID.utf8.count <= WitnessRecord.textMax
            && journalID.utf8.allSatisfy {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
            }
        return isName ? folder.map { "\($0)/leafd-\(journalID).witness" } : nil
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    mutating func turn(to journalID: String) {
        close()
        self.journalID = journalID
        mayExist = false
        isForeign = false
        witness = nil
    }

    mutating func find(_ journalID: String) -> WitnessFinding {
        turn(to: journalID)
        trace = nil
        guard folder != nil else { return .absent("there is no file system in memory to keep one on") }
        guard let path else { return .absent("the journal's id \(journalID) is none of leafd's") }
        switch open(path, O_RDWR) {
        case .opened: break
        case .missing: return .absent("there is no file \(path)")
        case .heldByAnother: return .heldByAnother
        case .refused(let why): return .absent("\(path) \(why)")
        }
        var bytes = [UInt8](repeating: 0, count: WitnessRecord.length)
        let count = bytes.withUnsafeMutableBytes { readBytes(descriptor, at: 0, count: $0.count, into: $0) }
        guard count == WitnessRecord.length, let found = WitnessRecord.decode(bytes), found.journalID == journalID
        else {
            return .absent("\(path) cannot be read: its bytes are not what leafd wrote")
        }
        witness = found
        trace = found.trace
        return .found(found)
    }

    mutating func record(_ sequence: UInt64, _ header: JournalHeader) -> Bool {
        if header.journalID != journalID {
            guard retire(header) else { return false }
            turn(to: header.journalID)
        }
        guard let path, let bytes = encoded(sequence, header) else { return false }
        if descriptor >= 0 && !isAtPath(path) { close() }
        if descriptor < 0 && !create(path) { return false }
        guard write(bytes.1) else { return false }
        witness = bytes.0
        return true
    }

    /// Leaves a witness under the old journal id that has seen commits no copy of that journal has: it is given up wherever
    /// it turns up in this boot. One held by another process is that daemon's, and says the same.
    ///
    /// - Returns: false if an older witness stays there that may agree with a copy.
    private mutating func retire(_ header: JournalHeader) -> Bool {
        guard !journalID.isEmpty, !isForeign, let path else { return true }
        var last = header
        last.journalID = journalID
        if descriptor >= 0 && !isAtPath(path) { close() }
        if descriptor >= 0 || create(path), let bytes = encoded(.max, last)?.1, write(bytes) { return true }
        return remove()
    }

    mutating func note(_ trace: AgentTrace) -> Bool {
        self.trace = trace
        guard mayExist, !isForeign else { return true }
        // What cannot be read is no older trace.
        if descriptor >= 0 && witness == nil { return true }
        if var new = witness, descriptor >= 0 {
            new.trace = trace
            if let bytes = WitnessRecord.encode(new), write(bytes) {
                witness = new
                return true
            }
        }
        return remove()
    }

    mutating func remove() -> Bool {
        guard mayExist else { return true }
        guard !isForeign, let path else { return false }
        guard unlink(path) == 0 || errno == ENOENT else { return false }
        close()
        witness = nil
        mayExist = false
        return true
    }

    private func encoded(_ sequence: UInt64, _ header: JournalHeader) -> (Witness, [UInt8])? {
        let new = Witness(
            journalID: header.journalID, bootID: header.host.bootID, device: header.host.device,
            inode: header.host.inode, sequence: sequence,
            trace: trace ?? AgentTrace(agentID: header.agentID, beat: header.agentBeat), life: header.life)
        return WitnessRecord.encode(new).map { (new, $0) }
    }

    /// Makes the file, or takes over the one that lies there.
    private mutating func create(_ path: String) -> Bool {
        if case .refused = open(path, O_RDWR | O_CREAT) {
            // Not a file that leafd made: out of the way.
            guard unlink(path) == 0 else { return false }
            _ = open(path, O_RDWR | O_CREAT | O_EXCL)
        }
        return descriptor >= 0
    }

    private enum Opening {
        case opened
        case missing
        case heldByAnother
        case refused(String)
    }

    private mutating func open(_ path: String, _ flags: Int32) -> Opening {
        isForeign = false
        let fd = Glibc.open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard fd >= 0 else {
            mayExist = errno != ENOENT
            return mayExist ? .refused("cannot be opened: \(errorText())") : .missing
        }
        mayExist = true
        var status = stat()
        guard fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else {
            Glibc.close(fd)
            return .refused("is not a regular file of leafd's user")
        }
        guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            Glibc.close(fd)
            isForeign = number == EWOULDBLOCK
            return isForeign ? .heldByAnother : .refused("cannot be locked: \(errorText(number))")
        }
        descriptor = fd
        return .opened
    }

    /// Whether the open file is still the one that lies there: a cleaner of old files may have been at it.
    private func isAtPath(_ path: String) -> Bool {
        var (mine, there) = (stat(), stat())
        return fstat(descriptor, &mine) == 0 && lstat(path, &there) == 0 && mine.st_dev == there.st_dev
            && mine.st_ino == there.st_ino
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        while true {
            let written = pwrite(descriptor, bytes, bytes.count, 0)
            if written < 0 && errno == EINTR { continue }
            return written == bytes.count
        }
    }
}
