import LeafCore
import Testing

@Suite struct RecoveryTests {
    private let here = HostIdentity(machineID: "m1", bootID: "b1", fileSystemID: 9, device: 5, inode: 77, bornAt: 3)

    private func header(_ change: (inout JournalHeader) -> Void = { _ in }) -> JournalHeader {
        var header = JournalHeader(
            journalID: "j", agentID: "a", agentBeat: 1, storeID: "s",
            storePlace: StorePlace(url: "sqlite:///x", table: "leaf_alloc"),
            host: here,
            isClean: false, epoch: 3, isUnconfirmed: false,
            life: JournalLife(id: "l2", before: "l1", firstCommit: 4))
        change(&header)
        return header
    }

    /// The witness of commit 10 of this journal in this boot.
    private func witness(_ change: (inout Witness) -> Void = { _ in }) -> WitnessFinding {
        var witness = Witness(
            journalID: "j", bootID: "b1", device: 5, inode: 77, sequence: 10,
            trace: AgentTrace(agentID: "a", beat: 4, nonce: "n"),
            life: JournalLife(id: "l2", before: "l1", firstCommit: 4))
        change(&witness)
        return .found(witness)
    }

    private func decide(
        _ header: JournalHeader?, _ finding: WitnessFinding? = nil, sequence: UInt64 = 10, url: String = "sqlite:///x",
        table: String = "leaf_alloc", _ after: Recovery.AfterReboot = .serve, host: HostIdentity? = nil
    ) -> Recovery {
        Recovery.decide(
            header: header, sequence: sequence, witness: finding ?? witness(), host: host ?? here,
            storePlace: StorePlace(url: url, table: table), afterReboot: after)
    }

    private let rebooted = WitnessFinding.absent("the folder is empty")

    // MARK: Proven

    @Test(arguments: [10, 11, 400] as [UInt64])
    func `the same boot, machine and file, with no commit lost, go on at once`(sequence: UInt64) {
        let recovery = decide(header(), sequence: sequence)
        #expect(recovery.confidence == .proven && recovery.use == .serve && recovery.resume == .hi)
        let new = recovery.header(from: header(), 10, host: here, journalID: "new", life: "l3")
        #expect(new.epoch == 3 && new.journalID == "j" && !new.isUnconfirmed)
        #expect(recovery.trace(of: new, witness()) == AgentTrace(agentID: "a", beat: 4, nonce: "n"))
    }

    @Test func `a trace of another agent id is not taken up`() {
        let recovery = decide(header { $0.agentID = "b" })
        #expect(recovery.trace(of: header { $0.agentID = "b" }, witness()) == AgentTrace(agentID: "b", beat: 1))
    }

    // MARK: What the witness tells

    @Test func `one commit lost: on above the cap, until the store answers`() {
        let recovery = decide(header(), sequence: 9)
        #expect(recovery.confidence == .unproven && recovery.use == .serveUntilStoreAnswers)
        #expect(recovery.resume == .hiPlusCap)
        #expect(decide(header(), sequence: 9, .wait).use == .giveUp)
    }

    @Test(arguments: [0, 8] as [UInt64])
    func `an older journal in the place of the newest is given up`(sequence: UInt64) {
        #expect(decide(header(), sequence: sequence).use == .giveUp)
    }

    @Test func `commits of the same number in another life are other commits`() {
        func life(_ id: String, before: String, from first: UInt64) -> WitnessFinding {
            witness { $0.life = JournalLife(id: id, before: before, firstCommit: first) }
        }
        // Another life has gone on from the same commits, or from older ones.
        #expect(decide(header(), life("l3", before: "l1", from: 7)).use == .giveUp)
        #expect(decide(header(), life("l3", before: "l2", from: 7), sequence: 9).use == .giveUp)
        #expect(decide(header(), life("l3", before: "l2", from: 10), sequence: 12).use == .giveUp)
        // Its first commit is the one that is lost.
        #expect(decide(header(), life("l3", before: "l2", from: 10), sequence: 9).use == .serveUntilStoreAnswers)
        // The journal's life began where the witness ends, and nobody was told of any commit in it.
        #expect(decide(header(), life("l1", before: "l0", from: 2), sequence: 12).use == .serve)
        #expect(decide(header(), life("l0", before: "", from: 2), sequence: 12).use == .giveUp)
    }

    @Test func `each start is a life of its own`() {
        let new = decide(header()).header(from: header(), 12, host: here, journalID: "new", life: "l3")
        #expect(new.life == JournalLife(id: "l3", before: "l2", firstCommit: 13))
    }

    @Test func `a daemon on a copy of the journal means that it is given up`() {
        #expect(decide(header(), .heldByAnother).use == .giveUp)
    }

    @Test func `a witness of another file, or of this boot for a journal of an earlier one, contradicts`() {
        #expect(decide(header(), witness { $0.inode = 78 }).use == .giveUp)
        #expect(decide(header(), witness { $0.device = 6 }).use == .giveUp)
        #expect(decide(header { $0.host.bootID = "b0" }).use == .giveUp)
    }

    @Test func `a witness of another boot or journal, or none, proves nothing`() {
        for finding in [witness { $0.bootID = "b0" }, witness { $0.journalID = "k" }, .absent("gone")] {
            let recovery = decide(header(), finding)
            #expect(recovery.confidence == .unproven && recovery.use == .serveUntilStoreAnswers)
            #expect(recovery.resume == .hiPlusCap)
        }
    }

    // MARK: What the journal tells

    @Test func `a boot id that cannot be read proves nothing`() {
        var unreadable = here
        unreadable.bootID = ""
        let witness = witness { $0.bootID = "" }
        #expect(decide(header { $0.host = unreadable }, witness, host: unreadable).confidence == .unproven)
    }

    @Test func `without a machine-id only the witness proves anything`() {
        var nameless = here
        nameless.machineID = ""
        let header = header { $0.host = nameless }
        #expect(decide(header, host: nameless).use == .serve)
        #expect(decide(header, rebooted, host: nameless).use == .giveUp)
    }

    @Test func `another device number after a reboot is the same file on the same file system`() {
        func header(fileSystem: UInt64) -> JournalHeader {
            self.header {
                $0.host.bootID = "b0"
                $0.host.device = 6
                $0.host.fileSystemID = fileSystem
            }
        }
        #expect(decide(header(fileSystem: 9), rebooted).use == .serveUntilStoreAnswers)
        #expect(decide(header(fileSystem: 10), rebooted).use == .giveUp)
    }

    @Test func `without a journal there is nothing to use`() {
        #expect(decide(nil).confidence == .fresh)
    }

    @Test func `a birth time that either cannot be read is not compared`() {
        #expect(decide(header { $0.host.bornAt = 0 }).use == .serve)
    }

    @Test(arguments: ["machine", "inode", "device", "birth"])
    func `a journal of another machine or file is given up, whatever else`(what: String) {
        let recovery = decide(
            header { header in
                switch what {
                case "machine": header.host.machineID = "m2"
                case "inode": header.host.inode = 78
                case "birth": header.host.bornAt = 4
                default: header.host.device = 6
                }
            })
        #expect(recovery.confidence == .unproven && recovery.use == .giveUp)
        let new = recovery.header(from: header(), 10, host: here, journalID: "new", life: "l3")
        #expect(new.epoch == 4 && new.journalID == "new" && new.isUnconfirmed && new.host == here)
    }

    @Test func `after a reboot the stock is served above the cap until the store answers, or not at all`() {
        let old = header { $0.host.bootID = "b0" }
        let serving = decide(old, rebooted)
        #expect(serving.use == .serveUntilStoreAnswers && serving.resume == .hiPlusCap)
        let new = serving.header(from: old, 10, host: here, journalID: "new", life: "l3")
        #expect(new.isUnconfirmed && new.journalID == "new" && new.epoch == old.epoch)
        #expect(decide(old, rebooted, .wait).use == .giveUp)
        #expect(decide(old, rebooted, url: "sqlite:///y").use == .giveUp)
    }

    @Test func `a start without proof stays one until the store has answered`() {
        let recovery = decide(header { $0.isUnconfirmed = true })
        #expect(recovery.confidence == .unproven && recovery.use == .serveUntilStoreAnswers)
        #expect(recovery.trace(of: header(), witness()) == AgentTrace(agentID: "a", beat: 4))
        #expect(
            recovery.trace(of: header { $0.agentLift = 2 }, rebooted) == AgentTrace(agentID: "a", beat: 1, liftSeen: 2))
    }

    @Test func `stock of another store is kept back until that store confirms it`() {
        #expect(decide(header(), url: "sqlite:///y").use == .withholdUntilConfirmed)
        #expect(decide(header(), table: "segments").use == .withholdUntilConfirmed)
    }

    @Test func `of a damaged journal nothing is used`() {
        let recovery = Recovery.damaged("a checksum")
        #expect(recovery.confidence == .unproven && recovery.use == .giveUp)
        #expect(recovery.header(from: header(), 10, host: here, journalID: "new", life: "l3").isUnconfirmed)
    }
}
