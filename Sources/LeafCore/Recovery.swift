/// What a start may do with the stock it finds in the journal.
package struct Recovery: Hashable, Sendable {
    /// How sure it is that nobody else issues from this journal, and that it reads the newest commit. In STATS as
    /// `started_from`.
    package enum Confidence: String, Hashable, Sendable {
        /// The same boot of the same machine, the same file, and its witness has seen no later commit.
        case proven
        /// There was no journal.
        case fresh
        /// A reboot, a copy, a restored, moved or damaged journal.
        case unproven
    }

    package enum StockUse: Hashable, Sendable {
        /// Go on at once, from `hi`.
        case serve
        /// Go on if the store turns out not to answer, and give the rest up as soon as it does. Until the first try has
        /// ended, nothing is issued: if the store answers, this stock is not for this host alone.
        case serveUntilStoreAnswers
        /// Issue nothing until the store has confirmed that it is the one the stock was leased from.
        case withholdUntilConfirmed
        /// Give it up: only the floors are kept.
        case giveUp
    }

    package enum AfterReboot: String, Hashable, Sendable {
        case serve
        case wait
    }

    package let confidence: Confidence
    package let use: StockUse
    /// Where to go on in each record.
    package let resume: TagStock.Resume
    /// For the log: what was found.
    package let reason: String

    /// Decides.
    ///
    /// - Parameters:
    ///   - header: the journal's own; nil for a journal just made.
    ///   - sequence: the journal's newest commit, as it reads now.
    ///   - witness: what lies where the journal's witness should be.
    ///   - host: this machine and boot, and the file as it lies here now.
    ///   - storePlace: the configured one.
    package static func decide(
        header: JournalHeader?, sequence: UInt64, witness: WitnessFinding, host: HostIdentity, storePlace: StorePlace,
        afterReboot: AfterReboot
    ) -> Recovery {
        guard let header else { return Recovery(.fresh, .giveUp, "no journal was found") }
        let found = header.host
        guard DuplicateGuard.machineID.holds(found.machineID == host.machineID) else {
            return Recovery(
                .unproven, .giveUp,
                "the journal was written on another machine (machine-id '\(found.machineID)', here '\(host.machineID)')"
            )
        }
        let isSameBoot = DuplicateGuard.bootID.holds(found.bootID == host.bootID && !host.bootID.isEmpty)
        guard DuplicateGuard.inode.holds(found.isSameFile(as: host)) else {
            return Recovery(
                .unproven, .giveUp,
                "the journal is another file than the one that was written (inode \(found.inode) on device \(found.device), born "
                    + "at \(found.bornAt); now \(host.inode) on \(host.device), \(host.bornAt)): a copy, or restored")
        }
        let doubt = doubt(header, sequence, witness, host, isSameBoot: isSameBoot)
        if let doubt, !doubt.isServable { return Recovery(.unproven, .giveUp, doubt.reason) }
        // What cannot be read proves nothing. With the witness of this boot it need not.
        if doubt != nil && DuplicateGuard.machineID.isOn && host.machineID.isEmpty {
            return Recovery(.unproven, .giveUp, "this machine has no /etc/machine-id to tell it from others")
        }
        let isSameStore = header.storePlace == .none || header.storePlace == storePlace
        if let doubt {
            return Recovery(
                .unproven, afterReboot == .serve && isSameStore ? .serveUntilStoreAnswers : .giveUp, doubt.reason,
                resume: .hiPlusCap)
        }
        guard isSameStore else {
            return Recovery(
                header.isUnconfirmed ? .unproven : .proven, .withholdUntilConfirmed,
                "the configured store is \(storePlace); the stock was leased from \(header.storePlace)")
        }
        guard DuplicateGuard.unconfirmed.holds(!header.isUnconfirmed) else {
            return Recovery(
                .unproven, afterReboot == .serve ? .serveUntilStoreAnswers : .giveUp,
                "the store has not answered since an earlier start without proof")
        }
        return Recovery(.proven, .serve, "the same boot of the same machine, the same file, its newest commit")
    }

    /// Why it is not certain that nobody has issued beyond what the journal says; and whether `hi` + `cap`, which allows for
    /// one lost commit, is enough to go on from all the same.
    private static func doubt(
        _ header: JournalHeader, _ sequence: UInt64, _ witness: WitnessFinding, _ host: HostIdentity, isSameBoot: Bool
    ) -> (reason: String, isServable: Bool)? {
        let booted = "the host has booted since the journal was written"
        switch witness {
        case .heldByAnother:
            return (
                "another daemon runs on this host with a copy of this journal, or with the one it was copied from",
                false
            )
        case .absent(let why):
            return (isSameBoot ? "there is no witness of this boot: \(why)" : booted, true)
        case .found(let witness):
            guard witness.journalID == header.journalID else {
                return ("the witness is another journal's, \(witness.journalID)", true)
            }
            guard DuplicateGuard.bootID.holds(witness.bootID == host.bootID) else { return (booted, true) }
            guard DuplicateGuard.inode.holds(witness.device == host.device && witness.inode == host.inode) else {
                return ("the witness saw this journal in another file (inode \(witness.inode))", false)
            }
            guard DuplicateGuard.witnessSequence.holds(witness.isCovered(by: header.life, sequence)) else {
                let isOneLost = witness.isOneAhead(of: header.life, sequence)
                return (
                    "the journal ends with commit \(sequence), its witness saw commit \(witness.sequence): "
                        + (isOneLost ? "the newest commit is lost" : "an older journal was put in its place"),
                    isOneLost
                )
            }
            guard isSameBoot else {
                return (
                    "the witness is of this boot, the journal of an earlier one: an older journal was put in its place",
                    false
                )
            }
            return nil
        }
    }

    /// Whether nothing may be issued before the store has been tried.
    package var withholdsStock: Bool { use == .withholdUntilConfirmed || use == .serveUntilStoreAnswers }

    /// How this daemon stands with the store. As the witness says, if this start is proven by it; else only that it had a
    /// beat acknowledged once, which the store must still have, whoever goes by that name now.
    package func trace(of header: JournalHeader, _ witness: WitnessFinding) -> AgentTrace {
        var beat = header.agentBeat
        var lift = header.agentLift
        if case .found(let witness) = witness, witness.trace.agentID == header.agentID {
            if confidence == .proven { return witness.trace }
            if witness.trace.beat > beat { (beat, lift) = (witness.trace.beat, witness.trace.liftSeen) }
        }
        return AgentTrace(agentID: header.agentID, beat: beat, liftSeen: lift)
    }

    /// The header that the first commit of this start writes: whose the journal is now, and what of it is valid.
    ///
    /// - Parameters:
    ///   - sequence: the journal's newest commit.
    ///   - journalID: random, for a start without proof. What is still written or witnessed under the old one is another's, or
    ///     of another time.
    ///   - life: random, for this start.
    package func header(
        from header: JournalHeader, _ sequence: UInt64, host: HostIdentity, journalID: String, life: String
    ) -> JournalHeader {
        var new = header
        new.life = JournalLife(id: life, before: header.life.id, firstCommit: sequence + 1)
        new.host = host
        new.isClean = false
        switch use {
        case .serve, .withholdUntilConfirmed: break
        case .serveUntilStoreAnswers:
            new.isUnconfirmed = true
            // Its commits repeat numbers that lost ones may have had: no old witness may ever fit them.
            new.journalID = journalID
        case .giveUp where confidence == .fresh: break
        case .giveUp:
            new.journalID = journalID
            new.epoch += 1
            // Until the store has answered, the next start is without proof as well, and goes on under no old name.
            new.isUnconfirmed = true
        }
        return new
    }

    /// The journal was damaged and has been set aside: nothing of it is left but floors.
    package static func damaged(_ reason: String) -> Recovery {
        Recovery(.unproven, .giveUp, "the journal was damaged: \(reason)")
    }

    init(_ confidence: Confidence, _ use: StockUse, _ reason: String, resume: TagStock.Resume = .hi) {
        self.confidence = confidence
        self.use = use
        self.reason = reason
        self.resume = resume
    }

    /// The header that the first commit of this start writes: whose the journal is now, and what of it is valid.
    package func header(from header: JournalHeader, host: HostIdentity) -> JournalHeader {
        var new = header
        new.host = host
        new.isClean = false
        switch use {
        case .serve, .withholdUntilConfirmed: break
        case .serveUntilStoreAnswers: new.isUnconfirmed = true
        case .giveUp:
            new.epoch += 1
            // Until the store has answered, the next start is without proof as well, and goes on under no old name.
            new.isUnconfirmed = confidence != .fresh
        }
        return new
    }
}
