internal import LeafCore
internal import LeafJournal
internal import LeafStore
internal import LeafThreads

/// By what names this daemon goes, in its journal and in the central store: as far as they are durable.
struct DaemonIdentity: Sendable {
    var header: JournalHeader
    var trace: AgentTrace
}

extension Engine {
    /// The mark that the store checks leases against.
    var agent: AgentMark {
        identity.with { AgentMark(agentID: $0.trace.agentID, beat: $0.trace.beat) }
    }

    /// This daemon's name in the store.
    package var agentID: String { identity.with { $0.header.agentID } }

    /// Makes a changed header durable, together with everything that was due before; without that, nothing is leased.
    ///
    /// - Parameters:
    ///   - before: the header that it was made from. If another one holds by now, since the journal has been replaced, nothing
    ///     of it is written.
    ///   - trace: what goes with it, if the agent's id has changed.
    func record(_ changed: JournalHeader, over before: JournalHeader, trace: AgentTrace? = nil) throws(StoreError) {
        do throws(JournalError) {
            try writer.changeHeader(of: before.journalID) { header in
                header.journalID = changed.journalID
                header.agentID = changed.agentID
                (header.agentBeat, header.agentLift) = (changed.agentBeat, changed.agentLift)
                header.storeID = changed.storeID
                header.storePlace = changed.storePlace
                header.epoch = changed.epoch
                header.isUnconfirmed = changed.isUnconfirmed
            }
        } catch {
            throw StoreError(
                .unavailable, "the store answers, but the journal cannot record that, so nothing is leased: \(error)",
                cause: error)
        }
        identity.with { identity in
            // Replaced meanwhile: then that is what holds.
            guard identity.header.journalID == before.journalID else { return }
            identity.header = changed
            if let trace { identity.trace = trace }
        }
        if let trace { try note(trace) }
    }

    /// Keeps this daemon's standing with the store in memory and in the witness, where the next start finds it.
    func note(_ trace: AgentTrace) throws(StoreError) {
        let isCurrent = identity.with { identity in
            guard identity.header.agentID == trace.agentID else { return false }
            identity.trace = trace
            return true
        }
        guard isCurrent else {
            throw StoreError(.wentBackward, "the journal has been replaced: settling anew", isSessionLost: true)
        }
        guard witness.note(trace) else {
            throw StoreError(
                .unavailable,
                "the journal's witness can be neither rewritten nor removed, so no beat is sent: look at \(settings.witnessFolder ?? "its folder")"
            )
        }
    }

    /// Gives up all stock of every tag: in memory first, then for good by a commit of the header, then whatever came to
    /// be in between.
    ///
    /// - Parameters:
    ///   - new: the header with the next epoch and new names.
    ///   - before: the one that it was made from.
    func startOver(
        _ new: JournalHeader, over before: JournalHeader, forgettingStore: Bool = false
    ) throws(StoreError) {
        let epoch = new.epoch
        // A twin, or whoever has a copy of the journal, may have stamped above the marks that are known here.
        snowflake.giveUp(agentID: before.agentID, isNewest: false)
        forEachEntry { stock, now, effects in
            if forgettingStore {
                stock.forgetStore(epoch: epoch, now: now, effects: &effects)
            } else {
                stock.giveUp(epoch: epoch, now: now, effects: &effects)
            }
        }
        try record(new, over: before, trace: AgentTrace(agentID: new.agentID))
        giveUp(otherThan: epoch)
    }

    /// What was made meanwhile, or by a start over that came to nothing, belongs to another epoch.
    func giveUp(otherThan epoch: UInt64) {
        forEachEntry { stock, now, effects in
            if stock.epoch != epoch { stock.giveUp(epoch: epoch, now: now, effects: &effects) }
        }
        snowflake.giveUp(otherThan: epoch, agentID: identity.with { $0.header.agentID })
    }

    func forEachEntry(_ event: (inout TagStock, MonotonicTime, inout StockEffects) -> Void) {
        for entry in entries { entry.handle(event) }
    }

    /// The highest end this host was ever leased, of each tag that it was leased.
    var floors: [Tag: Int64] {
        let now = MonotonicTime.now()
        return Dictionary(
            entries.lazy.map { ($0.tag, $0.snapshot(now: now).floor) }.filter { $0.1 > 0 },
            uniquingKeysWith: max)
    }
}
