import LeafCore
import Testing

@Suite struct RecoveryTests {
    private let here = HostIdentity(machineID: "m1", bootID: "b1", fileSystemID: 9, device: 5, inode: 77)

    private func header(_ change: (inout JournalHeader) -> Void = { _ in }) -> JournalHeader {
        var header = JournalHeader(
            journalID: "j", agentID: "a", agentBeat: 1, storeID: "s",
            storePlace: StorePlace(url: "sqlite:///x", table: "leaf_alloc"),
            host: here,
            isClean: false, epoch: 3, isUnconfirmed: false)
        change(&header)
        return header
    }

    private func decide(
        _ header: JournalHeader?, url: String = "sqlite:///x", table: String = "leaf_alloc",
        _ after: Recovery.AfterReboot = .serve, host: HostIdentity? = nil
    ) -> Recovery {
        Recovery.decide(
            header: header, host: host ?? here, storePlace: StorePlace(url: url, table: table), afterReboot: after)
    }

    @Test func `the same boot, machine and file go on at once`() {
        let recovery = decide(header())
        #expect(recovery.confidence == .proven && recovery.use == .serve && recovery.resume == .hi)
        #expect(recovery.header(from: header(), host: here).epoch == 3)
    }

    @Test(arguments: ["machine", "boot"])
    func `what cannot be read proves nothing`(what: String) {
        var unreadable = here
        if what == "machine" { unreadable.machineID = "" } else { unreadable.bootID = "" }
        #expect(decide(header { $0.host = unreadable }, host: unreadable).confidence == .unproven)
    }

    @Test func `another device number after a reboot is the same file on the same file system`() {
        let rebooted = header {
            $0.host.bootID = "b0"
            $0.host.device = 6
        }
        #expect(decide(rebooted).use == .serveUntilStoreAnswers)
        #expect(
            decide(
                header {
                    $0.host.bootID = "b0"
                    $0.host.fileSystemID = 10
                }
            ).use == .giveUp)
    }

    @Test func `without a journal there is nothing to use`() {
        #expect(decide(nil).confidence == .fresh)
    }

    @Test(arguments: ["machine", "inode", "device"])
    func `a journal of another machine or file is given up, whatever else`(what: String) {
        let recovery = decide(
            header { header in
                switch what {
                case "machine": header.host.machineID = "m2"
                case "inode": header.host.inode = 78
                default: header.host.device = 6
                }
            })
        #expect(recovery.confidence == .unproven && recovery.use == .giveUp)
        #expect(recovery.header(from: header(), host: here).epoch == 4)
    }

    @Test func `after a reboot the stock is served above the cap until the store answers, or not at all`() {
        let rebooted = header { $0.host.bootID = "b0" }
        let serving = decide(rebooted)
        #expect(serving.use == .serveUntilStoreAnswers && serving.resume == .hiPlusCap)
        #expect(serving.header(from: rebooted, host: here).isUnconfirmed)
        #expect(decide(rebooted, .wait).use == .giveUp)
        #expect(decide(rebooted, url: "sqlite:///y").use == .giveUp)
    }

    @Test func `a start without proof stays one until the store has answered`() {
        let recovery = decide(header { $0.isUnconfirmed = true })
        #expect(recovery.confidence == .unproven && recovery.use == .serveUntilStoreAnswers)
    }

    @Test func `stock of another store is kept back until that store confirms it`() {
        #expect(decide(header(), url: "sqlite:///y").use == .withholdUntilConfirmed)
        #expect(decide(header(), table: "segments").use == .withholdUntilConfirmed)
    }
}
