/// Starts and ends of daemons, as the engine does it.
extension World {
    /// What a start finds decides what it may issue.
    func start(_ host: Int) {
        guard hosts[host].daemon == nil else { return }
        let life = Int(String(name("L").dropFirst()))!
        let setAside = hosts[host].isDamaged
        if setAside { setJournalAside(host) }
        let identity = identity(host)
        let found = hosts[host].journal.newest
        let old = found?.header ?? freshHeader(identity)
        let machine = hosts[host].machine
        let isReadable = !fails()
        let truth = isReadable ? machines[machine].runFolder.witness(of: old.journalID) : nil
        let finding = machines[machine].runFolder.find(old.journalID, life: life, isReadable: isReadable)
        let recovery =
            setAside
            ? Recovery.damaged("")
            : Recovery.decide(
                header: found?.header, sequence: found?.sequence ?? 0, witness: finding, host: identity,
                storePlace: hosts[host].storePlace, afterReboot: hosts[host].afterReboot)
        let header = recovery.header(
            from: old, found?.sequence ?? 0, host: identity, journalID: name("J"), life: name("L"))
        let trace = recovery.trace(of: header, finding)
        var tags: [SimulatedTag] = []
        for tag in 0..<parameters.tags {
            tags.append(recoveredTag(found?.records[tag], recovery, header))
        }
        let course = JournalCourse(
            sequence: found?.sequence ?? 0,
            hasWitness: machines[machine].runFolder.hasFile(of: old.journalID, heldBy: life))
        var daemon = SimulatedDaemon(
            life: life, recovery: recovery, header: header, trace: trace, tags: tags,
            writer: SimulatedWriter(course: course, header: header), link: StoreLink(now: now),
            witnessed: old.journalID)
        daemon.snow = recoverSnowflakes(host, found, recovery, header)
        if let found, recovery.use != .giveUp {
            daemon.forks = found.forks
            // What was put back contradicts its witness, if there is one of this boot.
            daemon.isDoubtful = found.isDoubtful || found.isRolledBack && truth?.bootID != identity.bootID
            if daemon.isDoubtful { hosts[host].journal.doubt() }
            daemon.cannotTell = daemon.isDoubtful && hosts[host].afterReboot == .serve
        }
        if recovery.use == .serveUntilStoreAnswers {
            daemon.awaitsFirstAttempt = true
        }
        hosts[host].daemon = daemon
        machines[machine].runFolder.note(trace, of: old.journalID, life: life)
        tally.starts += 1
        if recovery.confidence == .proven { tally.provenStarts += 1 }
        note(
            host,
            "starts (life \(life)), \(recovery.confidence), \(recovery.use): \(recovery.reason); "
                + tags.map { "next \($0.nextID) stock \($0.stock.stock)" }.joined(separator: ", "))
        compareWithStop(host, recovery)
    }

    private func recoveredTag(_ record: TagRecord?, _ recovery: Recovery, _ header: JournalHeader) -> SimulatedTag {
        guard let record else {
            return SimulatedTag(
                stock: TagStock(
                    epoch: header.epoch, tableStep: parameters.tableStep, rules: parameters.rules, now: now),
                leases: [])
        }
        var effects = StockEffects()
        let stock = TagStock.recovered(
            record, recovery, epoch: header.epoch, rules: parameters.rules, now: now, effects: &effects)
        let isGivenUp = recovery.use == .giveUp || record.epoch != header.epoch && DuplicateGuard.epoch.isOn
        var tag = SimulatedTag(stock: stock, leases: isGivenUp ? [] : record.segments)
        tag.wantsCommit = effects.commit != nil
        tag.wantsLoad = effects.wantsLoad
        return tag
    }

    /// This machine and boot, and the file as it lies here now.
    func identity(_ host: Int) -> HostIdentity {
        let (machine, journal) = (machines[hosts[host].machine], hosts[host].journal)
        return HostIdentity(
            machineID: machine.machineID, bootID: machine.bootID, fileSystemID: journal.fileSystemID,
            device: journal.device, inode: journal.inode)
    }

    func freshHeader(_ identity: HostIdentity) -> JournalHeader {
        JournalHeader(
            journalID: name("J"), agentID: name("A"), agentBeat: 0, storeID: "", storePlace: .none, host: identity,
            isClean: true, epoch: 1, isUnconfirmed: false)
    }

    /// A damaged journal: only floors are taken over, those that could be read.
    private func setJournalAside(_ host: Int) {
        hosts[host].isDamaged = false
        let old = hosts[host].journal.newest
        let inode = UInt64(String(name("I").dropFirst()))!
        hosts[host].journal.replace(nil, inode: inode)
        guard let old else { return }
        var header = freshHeader(identity(host))
        if random.chance(70) {
            header.storeID = old.header.storeID
            header.storePlace = old.header.storePlace
        }
        let records = old.records.map { record -> TagRecord? in
            guard let record, record.floor > 0, !header.storeID.isEmpty, random.chance(80) else { return nil }
            return TagRecord(
                incarnation: 1, epoch: 0, segments: [], hi: 0, cap: 0, position: 0, floor: record.floor,
                step: record.step, tableStep: record.tableStep)
        }
        hosts[host].journal.replace(
            JournalContent(sequence: 0, header: header, records: records, isDoubtful: false, forks: 0), inode: inode)
        note(host, "its journal is damaged and set aside")
    }

    /// The process ends: its memory is gone, its locks are free.
    func end(_ host: Int) {
        guard let daemon = hosts[host].daemon else { return }
        machines[hosts[host].machine].runFolder.release(daemon.life)
        if case .sent(let request, _) = daemon.session { ghosts.append(request) }
        hosts[host].daemon = nil
    }

    /// Whether a start that reads the newest commit, and one that reads the commit before it because that one was lost,
    /// go on above everything issued.
    func checkRecovery(_ host: Int) {
        guard let daemon = hosts[host].daemon, let newest = hosts[host].journal.newest else { return }
        checkWorkerRecovery(host)
        let previous = hosts[host].journal.losable
        for tag in daemon.tags.indices {
            guard let record = newest.records[tag] else { continue }
            let last = daemon.tags[tag].lastIssued
            check(host, tag, record, from: .hi, above: last)
            // Stock given up, or dropped, in between may come back: below what was issued since, but nobody else's.
            guard let older = previous?.records[tag], previous?.header.epoch == newest.header.epoch,
                older.epoch == record.epoch, older.incarnation == record.incarnation
            else { continue }
            check(host, tag, older, from: .hiPlusCap, above: last)
        }
    }

    private func check(_ host: Int, _ tag: Int, _ record: TagRecord, from resume: TagStock.Resume, above last: Int64) {
        let stock = TagStock(record: record, from: resume, rules: parameters.rules, now: now)
        let next = SimulatedTag(stock: stock, leases: []).nextID
        guard stock.stock > 0, next <= last else { return }
        checker.fail(
            .recovery, "host \(host) issued \(last) of tag \(tag), and would go on at \(next) (\(resume)): \(record)")
    }

    // MARK: Clean stops

    func beginStop(_ host: Int) {
        guard let daemon = hosts[host].daemon, !daemon.isStopping else { return }
        tally.stops += 1
        note(host, "is told to stop")
        disconnect(host)
        hosts[host].daemon!.isStopping = true
        for tag in daemon.tags.indices {
            var effects = StockEffects()
            if hosts[host].daemon!.tags[tag].stock.seal(effects: &effects) {
                hosts[host].daemon!.tags[tag].wantsCommit = true
            }
            finish(host, tag, effects)
        }
        sealWorkers(host)
    }

    /// The last commit is durable.
    func completeStop(_ host: Int) {
        let daemon = hosts[host].daemon!
        hosts[host].stoppedAt = daemon.tags.map { ($0.nextID, $0.stock.stock) }
        if daemon.tags.contains(where: { $0.stock.phase != .sealed }) { hosts[host].stoppedAt = nil }
        note(host, "has stopped")
        end(host)
    }

    private func compareWithStop(_ host: Int, _ recovery: Recovery) {
        guard let stopped = hosts[host].stoppedAt else { return }
        hosts[host].stoppedAt = nil
        guard recovery.confidence == .proven, recovery.use == .serve else { return }
        for (tag, was) in stopped.enumerated() {
            let now = hosts[host].daemon!.tags[tag]
            if now.stock.stock != was.stock || was.stock > 0 && now.nextID != was.next {
                checker.fail(
                    .loss,
                    "host \(host) stopped cleanly at \(was.next) with \(was.stock) IDs of tag \(tag), and went on at \(now.nextID) with \(now.stock.stock)"
                )
            }
        }
    }
}
