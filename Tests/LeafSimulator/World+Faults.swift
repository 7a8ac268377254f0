/// What happens to hosts, their processes and their disks.
extension World {
    /// A few steps of a daemon's threads, with clients in between.
    func run(_ host: Int, journal: Bool, store: Bool) {
        let steps = 1 + random.below(random.chance(70) ? 24 : 3)
        let isJournalFirst = random.chance(50)
        let hasClients = random.chance(30)
        for step in 0..<steps {
            guard hosts[host].daemon != nil, !checker.isOver else { return }
            workTakesTime()
            if hasClients && random.chance(50) { stamp(host) }
            guard hosts[host].daemon != nil else { return }
            if hasClients && random.chance(20) { takeFast(host) }
            let takesJournal = journal && (!store || (step % 2 == 0) == isJournalFirst)
            let did = takesJournal ? stepJournal(host) : stepStore(host)
            guard hosts[host].daemon != nil else { return }
            if !did {
                let did = journal && store && (takesJournal ? stepStore(host) : stepJournal(host))
                if !did { return }
            }
        }
    }

    /// kill -9, sometimes with the newest commit lost as well, or with a start right after it.
    func crash(_ host: Int) {
        guard hosts[host].daemon != nil else { return }
        kill(host)
        if random.chance(30) { loseNewestCommit(host) }
        if random.chance(40) { start(host) }
    }

    /// kill -9: memory is gone; the commit under way is on disk or not.
    func kill(_ host: Int) {
        guard let daemon = hosts[host].daemon else { return }
        tally.crashes += 1
        if case .committing(let batch) = daemon.writer.stage, !hosts[host].isDiskFull, random.chance(50) {
            write(host, batch)
        }
        checkRecovery(host)
        note(host, "crashes, with commit \(hosts[host].journal.newest?.sequence ?? 0) on disk")
        end(host)
    }

    /// A damaged meta page: LMDB falls back on the commit before, and says nothing.
    func loseNewestCommit(_ host: Int) {
        guard parameters.hasIdentity, hosts[host].daemon == nil, hosts[host].journal.loseNewest() else { return }
        tally.lostCommits += 1
        hosts[host].stoppedAt = nil
        note(host, "has lost its newest commit; commit \(hosts[host].journal.newest?.sequence ?? 0) is left")
    }

    func reboot(_ host: Int) {
        let machine = hosts[host].machine
        tally.reboots += 1
        boot(machine)
        let device = random.chance(30) ? UInt64(namesGiven) + 1000 : nil
        for host in hosts.indices where hosts[host].machine == machine {
            note(host, "reboots")
            if let daemon = hosts[host].daemon {
                if case .committing(let batch) = daemon.writer.stage, !hosts[host].isDiskFull, random.chance(50) {
                    write(host, batch)
                }
                end(host)
            }
            if random.chance(20) { loseNewestCommit(host) }
            if let device { hosts[host].journal.device = device }
        }
        if random.chance(50) { start(host) }
    }

    func boot(_ machine: Int) {
        machines[machine].bootID = name("B")
        machines[machine].clock.bootedAt = now
        machines[machine].runFolder.boot(isOnDisk: parameters.isRunFolderOnDisk)
    }

    enum CopyKind {
        /// Another folder on the same host.
        case beside
        /// Another machine, with a machine-id of its own.
        case elsewhere
        /// Another machine made from a copy of the whole disk.
        case clone
    }

    /// A journal's file is copied, and a daemon started on the copy.
    func copy(_ host: Int, kind: CopyKind) {
        guard hosts.count < World.hostsMax, let content = hosts[host].journal.newest else { return }
        tally.copies += 1
        var new = hosts[host]
        var machine = machines[new.machine]
        let inode = UInt64(String(name("I").dropFirst()))!
        var journal = new.journal
        journal.replace(content, inode: kind == .beside || random.chance(30) && kind != .clone ? inode : journal.inode)
        if kind == .clone { journal.annotate { $0.isDoubtful = true } }
        if kind != .beside {
            if kind == .elsewhere { machine.machineID = name("M") }
            if kind == .elsewhere && random.chance(30) { journal.fileSystemID = inode }
            if random.chance(30) { journal.device = inode }
            machine.bootID = name("B")
            machine.clock.bootedAt = now
            machine.runFolder.boot(isOnDisk: parameters.isRunFolderOnDisk)
            machines.append(machine)
            new.machine = machines.count - 1
        }
        new = SimulatedHost(number: hosts.count, copying: new, journal: journal)
        hosts.append(new)
        note(new.number, "begins with a copy (\(kind)) of host \(host)'s journal at commit \(content.sequence)")
        if random.chance(80) { start(new.number) }
    }

    /// A machine's memory image is resumed twice.
    func twin(_ host: Int) {
        guard hosts.count < World.hostsMax, forks.count < 60, hosts[host].daemon != nil else { return }
        // Its neighbours on the machine are left out of the copy.
        let bit: UInt64 = 1 << UInt64(forks.count)
        tally.twins += 1
        forks.append(Fork(namesBefore: namesGiven))
        hosts[host].journal.annotate { $0.forks |= bit }
        hosts[host].daemon!.forks |= bit
        var new = SimulatedHost(number: hosts.count, copying: hosts[host], journal: hosts[host].journal)
        new.daemon = hosts[host].daemon
        new.sides |= bit
        new.daemon!.snow?.late = []
        machines.append(machines[hosts[host].machine])
        new.machine = machines.count - 1
        hosts.append(new)
        note(host, "is resumed twice, as host \(new.number) as well")
        // The connections are those of one.
        let request: StoreRequest? =
            switch new.daemon!.session {
            case .sent(let request, _), .answered(let request, _, _): request
            default: nil
            }
        hosts[new.number].daemon!.session = request == nil ? new.daemon!.session : .none
        if case .lease(let orders) = request?.kind {
            for (tag, order) in orders { loadFailed(new.number, tag, order, .store) }
        }
    }

    /// An older content of the file is put back.
    func restoreJournal(_ host: Int) {
        if hosts[host].daemon != nil {
            guard random.chance(50) else { return }
            crash(host)
        }
        guard hosts[host].daemon == nil, !hosts[host].journal.older.isEmpty else { return }
        let content = random.pick(hosts[host].journal.older)
        tally.restored += 1
        hosts[host].stoppedAt = nil
        hosts[host].journal.restore(content)
        if random.chance(30) { hosts[host].journal.inode = UInt64(String(name("I").dropFirst()))! }
        note(host, "gets back its journal of commit \(content.sequence) (\(content.header.journalID))")
        if random.chance(30) { reboot(host) }
        if random.chance(60) { start(host) }
    }

    func damage(_ host: Int) {
        if hosts[host].daemon != nil { crash(host) }
        guard hosts[host].daemon == nil else { return }
        hosts[host].isDamaged = true
        hosts[host].stoppedAt = nil
        if random.chance(60) { start(host) }
    }

    /// A second daemon on the same journal: the lock keeps it out.
    func doubleStart(_ host: Int) {
        guard !DuplicateGuard.flock.isOn, hosts[host].daemon != nil, hosts.count < World.hostsMax else { return }
        let new = SimulatedHost(number: hosts.count, copying: hosts[host], journal: hosts[host].journal)
        hosts.append(new)
        note(new.number, "is a second daemon on host \(host)'s journal")
        start(new.number)
    }

    func troubleWitness(_ host: Int) {
        hosts[host].witnessFails = random.chance(50)
        hosts[host].unlinkFails = random.chance(30)
    }
}
