/// A machine, real or virtual: what a daemon can learn of where it runs.
struct SimulatedMachine {
    var machineID: String
    var bootID: String
    var runFolder = RunFolder()
    var clock = SimulatedClock()
}

/// The folder of the witnesses.
struct RunFolder {
    struct File {
        var witness: Witness
        /// The life of the daemon that has it locked.
        var holder: Int?
    }

    private(set) var files: [String: File] = [:]

    /// What a start finds: it locks the file.
    mutating func find(_ journalID: String, life: Int, isReadable: Bool) -> WitnessFinding {
        guard let file = files[journalID] else { return .absent("none") }
        guard file.holder == nil else { return .heldByAnother }
        files[journalID]!.holder = life
        return isReadable ? .found(file.witness) : .absent("its checksum is wrong")
    }

    func witness(of journalID: String) -> Witness? { files[journalID]?.witness }

    func hasFile(of journalID: String, heldBy life: Int) -> Bool { files[journalID]?.holder == life }

    /// Rewrites the file, or makes it. One under the name that is left stays, unlocked, and contradicts whatever is found of
    /// that journal later.
    mutating func write(_ witness: Witness, leaving old: String, life: Int) {
        if old != witness.journalID {
            var last = files[old] ?? File(witness: witness, holder: life)
            last.witness.journalID = old
            last.witness.sequence = .max
            if last.holder == life { files[old] = last }
            release(life)
        }
        files[witness.journalID] = File(witness: witness, holder: life)
    }

    /// Rewrites what it says of the store, if there is such a file.
    mutating func note(_ trace: AgentTrace, of journalID: String, life: Int) {
        guard files[journalID]?.holder == life else { return }
        files[journalID]!.witness.trace = trace
    }

    mutating func remove(_ journalID: String, life: Int) {
        if files[journalID]?.holder == life { files[journalID] = nil }
    }

    /// The process has ended.
    mutating func release(_ life: Int) {
        for (id, file) in files where file.holder == life { files[id]!.holder = nil }
    }

    /// The host boots.
    mutating func boot(isOnDisk: Bool) {
        if isOnDisk {
            for id in files.keys { files[id]!.holder = nil }
        } else {
            files = [:]
        }
    }
}
