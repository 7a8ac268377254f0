/// The journal's thread: **commit, witness, limit**, one step at a time, so that a crash can come between any two.
extension World {
    /// - Returns: whether there was anything to do.
    func stepJournal(_ host: Int) -> Bool {
        switch hosts[host].daemon!.writer.stage {
        case .idle: return beginCommit(host)
        case .committing(let batch): endCommit(host, batch)
        case .carryingOut(let batch, let step): carryOut(host, batch, step)
        case .replacing(let isSetAside): replaceJournal(host, isSetAside: isSetAside)
        }
        return true
    }

    private func beginCommit(_ host: Int) -> Bool {
        let daemon = hosts[host].daemon!
        var orders: [(tag: Int, order: CommitOrder)] = []
        for tag in daemon.tags.indices where daemon.tags[tag].wantsCommit {
            hosts[host].daemon!.tags[tag].wantsCommit = false
            let riskBefore = daemon.tags[tag].atRisk(daemon.tags[tag].stock.limit)
            guard let order = hosts[host].daemon!.tags[tag].stock.beginCommit(now: now) else { continue }
            if let problem = order.record.problem {
                checker.fail(.damaged, "host \(host): \(problem): \(order.record)")
            }
            let after = hosts[host].daemon!.tags[tag]
            if after.atRisk(order.record.hi) > max(riskBefore, after.riskMax) {
                checker.fail(
                    .loss,
                    "host \(host): a crash would lose \(after.atRisk(order.record.hi)) IDs of tag \(tag), more than \(after.riskMax)"
                )
            }
            hosts[host].daemon!.tags[tag].commit = order
            orders.append((tag, order))
        }
        let workers = beginWorkerCommits(host)
        var change = daemon.writer.change
        if let asked = change, asked.journalID != daemon.writer.header.journalID {
            hosts[host].daemon!.writer.change = nil
            change = nil
            if case .recording = daemon.session { disconnect(host) }
        }
        guard !orders.isEmpty || !workers.isEmpty || change != nil || daemon.writer.isOverdue || daemon.isStopping
        else { return false }
        hosts[host].daemon!.writer.change = nil
        var header = daemon.writer.header
        if let new = change?.header {
            let host = header.host
            header = new
            header.host = host
        }
        header.isClean = daemon.isStopping
        if daemon.trace.agentID == header.agentID {
            (header.agentBeat, header.agentLift) = (daemon.trace.beat, daemon.trace.liftSeen)
        }
        let batch = SimulatedWriter.Batch(
            orders: orders, workers: workers, header: header, sequence: daemon.writer.course.sequence + 1,
            change: change,
            isLast: daemon.isStopping)
        hosts[host].daemon!.writer.stage = .committing(batch)
        note(
            host,
            "begins commit \(batch.sequence) (\(header.journalID), epoch \(header.epoch)) "
                + workers.map {
                    "worker \($0.order.record.worker)/\($0.order.record.generation): hi \($0.order.record.hi) cap \($0.order.record.cap) "
                }.joined()
                + orders.map { "tag \($0.tag): hi \($0.order.record.hi) cap \($0.order.record.cap)" }.joined(
                    separator: ", "))
        return true
    }

    /// What the batch leaves on disk.
    func write(_ host: Int, _ batch: SimulatedWriter.Batch) {
        let daemon = hosts[host].daemon!
        let before = hosts[host].journal.newest
        var records = before?.records ?? Array(repeating: nil, count: parameters.tags)
        for (tag, order) in batch.orders { records[tag] = order.record }
        var workers = before?.workers ?? [:]
        for (_, order) in batch.workers { workers[order.record.worker] = order.record }
        // Whatever the daemon has given up in memory: on disk that counts from a new epoch on.
        var (isDoubtful, forks) = (daemon.isDoubtful, daemon.forks)
        if let before {
            let isSameStock = before.header.epoch == batch.header.epoch
            (isDoubtful, forks) = (isSameStock && before.isDoubtful, isSameStock ? before.forks : 0)
        }
        hosts[host].journal.write(
            JournalContent(
                sequence: batch.sequence, header: batch.header, records: records, workers: workers,
                isDoubtful: isDoubtful, forks: forks))
    }

    private func endCommit(_ host: Int, _ batch: SimulatedWriter.Batch) {
        var outcome = JournalCourse.Outcome.durable
        if hosts[host].isDiskFull {
            outcome = .notWritten
        } else if fails() {
            outcome = random.chance(60) || !parameters.hasIdentity ? .notWritten : .unknown
        }
        switch outcome {
        case .durable:
            write(host, batch)
        case .notWritten: break
        case .unknown:
            tally.unknownCommits += 1
            if random.chance(50) { write(host, batch) }
        }
        note(host, "commit \(batch.sequence) is \(outcome)")
        let step = hosts[host].daemon!.writer.course.committed(outcome, sequence: batch.sequence)
        hosts[host].daemon!.writer.stage = .carryingOut(batch, step)
    }

    private func carryOut(_ host: Int, _ batch: SimulatedWriter.Batch, _ step: JournalCourse.Step) {
        let (machine, life) = (hosts[host].machine, hosts[host].daemon!.life)
        switch step {
        case .writeWitness(let sequence):
            let isWritten = isCalm || !hosts[host].witnessFails && !fails()
            if isWritten {
                let identity = batch.header.host
                machines[machine].runFolder.write(
                    Witness(
                        journalID: batch.header.journalID, bootID: identity.bootID, device: identity.device,
                        inode: identity.inode, sequence: sequence, trace: hosts[host].daemon!.trace,
                        life: batch.header.life),
                    leaving: hosts[host].daemon!.witnessed, life: life)
                hosts[host].daemon!.witnessed = batch.header.journalID
            }
            note(host, "the witness \(isWritten ? "names" : "cannot name") commit \(sequence)")
            let next = hosts[host].daemon!.writer.course.wroteWitness(isWritten)
            hosts[host].daemon!.writer.stage = .carryingOut(batch, next)
        case .removeWitness:
            let isRemoved = isCalm || !hosts[host].unlinkFails && !fails()
            if isRemoved { machines[machine].runFolder.remove(hosts[host].daemon!.witnessed, life: life) }
            note(host, "the witness \(isRemoved ? "is" : "cannot be") removed")
            let next = hosts[host].daemon!.writer.course.removedWitness(isRemoved)
            hosts[host].daemon!.writer.stage = .carryingOut(batch, next)
        case .acknowledge:
            hosts[host].daemon!.writer.stage = .idle
            hosts[host].daemon!.writer.header = batch.header
            hosts[host].daemon!.writer.isOverdue = false
            note(host, "commit \(batch.sequence) is acknowledged")
            complete(host, batch, isDurable: true)
        case .retry:
            // Should it be durable: what is committed next says what was valid before.
            hosts[host].daemon!.writer.stage = .idle
            hosts[host].daemon!.writer.isOverdue = true
            complete(host, batch, isDurable: false)
        case .replace:
            hosts[host].daemon!.writer.stage = .replacing(isSetAside: false)
            complete(host, batch, isDurable: false)
        }
    }

    private func complete(_ host: Int, _ batch: SimulatedWriter.Batch, isDurable: Bool) {
        for (tag, order) in batch.orders {
            var effects = StockEffects()
            hosts[host].daemon!.tags[tag].commit = nil
            if isDurable {
                hosts[host].daemon!.tags[tag].stock.committed(order, now: now, effects: &effects)
            } else {
                hosts[host].daemon!.tags[tag].stock.commitFailed(order, now: now, effects: &effects)
                hosts[host].daemon!.tags[tag].wantsCommit = true
            }
            finish(host, tag, effects)
        }
        completeWorkerCommits(host, batch.workers, isDurable: isDurable)
        if let change = batch.change { headerChanged(host, change, isDurable: isDurable) }
        guard batch.isLast else { return }
        if isDurable { completeStop(host) } else { end(host) }
    }

    /// The store's thread goes on, or its session has come to nothing.
    private func headerChanged(_ host: Int, _ change: SimulatedWriter.HeaderChange, isDurable: Bool) {
        guard case .recording = hosts[host].daemon!.session else { return }
        guard isDurable else { return disconnect(host) }
        var header = change.header
        header.host = hosts[host].daemon!.writer.header.host
        hosts[host].daemon!.header = header
        hosts[host].daemon!.session = .reading
        guard let trace = change.trace else { return }
        hosts[host].daemon!.trace = trace
        giveUp(host, otherThan: header.epoch)
        if !noteTrace(host, trace) { disconnect(host) }
    }

    /// After a commit of unknown outcome: the file is set aside, a fresh one gets the floors alone.
    private func replaceJournal(_ host: Int, isSetAside: Bool) {
        let daemon = hosts[host].daemon!
        guard !daemon.isStopping else { return end(host) }
        guard isSetAside else {
            let inode = UInt64(String(name("I").dropFirst()))!
            hosts[host].journal.replace(nil, inode: inode)
            hosts[host].daemon!.writer.stage = .replacing(isSetAside: true)
            note(host, "sets its journal aside")
            return
        }
        guard !hosts[host].isDiskFull, !fails() else { return }
        tally.replacedJournals += 1
        giveWorkersUp(host, isNewest: !daemon.header.isUnconfirmed)
        var header = daemon.writer.header.startingOver(agentID: name("A"), journalID: name("J"))
        header.host = identity(host)
        let records = daemon.tags.map { tag -> TagRecord? in
            let floor = tag.stock.supply.floor
            guard floor > 0 else { return nil }
            return TagRecord(
                incarnation: 1, epoch: 0, segments: [], hi: 0, cap: 0, position: 0, floor: floor,
                step: tag.stock.supply.step, tableStep: parameters.tableStep)
        }
        hosts[host].journal.write(
            JournalContent(sequence: 1, header: header, records: records, isDoubtful: false, forks: 0))
        let trace = AgentTrace(agentID: header.agentID)
        let hasWitness = !hosts[host].witnessFails && !fails()
        if hasWitness {
            machines[hosts[host].machine].runFolder.write(
                Witness(
                    journalID: header.journalID, bootID: header.host.bootID, device: header.host.device,
                    inode: header.host.inode, sequence: 1, trace: trace, life: header.life), leaving: daemon.witnessed,
                life: daemon.life)
            hosts[host].daemon!.witnessed = header.journalID
        }
        hosts[host].daemon!.writer.course = JournalCourse(sequence: 1, hasWitness: hasWitness)
        hosts[host].daemon!.writer.header = header
        hosts[host].daemon!.writer.stage = .idle
        hosts[host].daemon!.header = header
        hosts[host].daemon!.trace = trace
        note(host, "goes on with a fresh journal \(header.journalID), epoch \(header.epoch)")
        giveUp(host, otherThan: header.epoch)
        disconnect(host)
    }

    /// Keeps how the daemon stands with the store where the next start finds it.
    ///
    /// - Returns: false if an older trace can be neither rewritten nor removed.
    func noteTrace(_ host: Int, _ trace: AgentTrace) -> Bool {
        hosts[host].daemon!.trace = trace
        let (machine, life) = (hosts[host].machine, hosts[host].daemon!.life)
        let journalID = hosts[host].daemon!.witnessed
        guard machines[machine].runFolder.hasFile(of: journalID, heldBy: life) else { return true }
        if isCalm || !hosts[host].witnessFails && !fails() {
            machines[machine].runFolder.note(trace, of: journalID, life: life)
            return true
        }
        guard isCalm || !hosts[host].unlinkFails && !fails() else { return false }
        machines[machine].runFolder.remove(journalID, life: life)
        return true
    }

    // MARK: Giving up

    /// What belongs to another epoch than the header's.
    func giveUp(_ host: Int, otherThan epoch: UInt64) {
        if hosts[host].daemon!.snow?.workers.contains(where: { $0.object.epoch != epoch && $0.object.phase != .gone })
            == true
        {
            giveWorkersUp(host, isNewest: false)
        }
        for tag in 0..<parameters.tags where hosts[host].daemon!.tags[tag].stock.epoch != epoch {
            giveUp(host, tag, epoch)
        }
        forgetDoubts(host)
    }

    func giveUp(_ host: Int, _ tag: Int, _ epoch: UInt64, forgettingStore: Bool = false) {
        var effects = StockEffects()
        if forgettingStore {
            hosts[host].daemon!.tags[tag].stock.forgetStore(epoch: epoch, now: now, effects: &effects)
            hosts[host].daemon!.tags[tag].lastIssued = 0
        } else {
            hosts[host].daemon!.tags[tag].stock.giveUp(epoch: epoch, now: now, effects: &effects)
        }
        hosts[host].daemon!.tags[tag].leases = []
        finish(host, tag, effects)
    }

    /// What is issued from now on is leased afresh.
    func forgetDoubts(_ host: Int) {
        hosts[host].daemon!.isDoubtful = false
        hosts[host].daemon!.cannotTell = false
        hosts[host].daemon!.isExcused = false
        hosts[host].daemon!.forks = 0
        hosts[host].daemon!.told = 0
    }
}
