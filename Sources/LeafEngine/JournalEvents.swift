internal import LeafCore
internal import LeafJournal
internal import LeafThreads
internal import Logging

/// Lets the journal's thread, which is made first, reach the engine, which owns it.
final class JournalEvents: JournalOwner, @unchecked Sendable {
    // @unchecked: set once, before the journal's thread is started. weak: the engine owns who holds this.
    weak var engine: Engine?

    func batchDone() { engine?.router.flush() }

    func journalFailed(_ error: JournalError?) { engine?.journalFailed(error) }

    func replacement(for header: JournalHeader) -> (header: JournalHeader, entries: [JournalEntry]) {
        let new = header.startingOver(agentID: .randomIdentifier(), journalID: .randomIdentifier())
        return (new, engine?.floorRecords ?? [])
    }

    func journalReplaced(_ header: JournalHeader, setAside: SetAside) {
        engine?.journalReplaced(header, setAside)
    }
}

extension Engine {
    /// What a fresh journal must know of every tag: its floor. Of no epoch that ever is: there is no stock in them.
    var floorRecords: [JournalEntry] {
        let now = MonotonicTime.now()
        return entries.compactMap { entry in
            let stock = entry.snapshot(now: now)
            guard stock.floor > 0 else { return nil }
            return .tag(
                entry.tag,
                TagRecord(
                    incarnation: 1, epoch: 0, segments: [], hi: 0, cap: 0, position: 0, floor: stock.floor,
                    step: stock.step, tableStep: stock.tableStep))
        }
    }

    /// A fresh journal has taken the place of one whose last commit nobody knows: what lay above its limits is given up.
    func journalReplaced(_ header: JournalHeader, _ setAside: SetAside) {
        let text =
            "the journal was set aside as \(setAside.file) (\(setAside.reason)); a fresh one goes on under the agent id \(header.agentID), its stock is leased anew"
        log.critical("\(text)")
        // Where it stands is in memory: nobody has stamped above it, unless this start could not tell whether its journal was the
        // only one and the newest.
        let old = identity.with { $0.header }
        snowflake.giveUp(agentID: old.agentID, isNewest: !old.isUnconfirmed)
        identity.with { $0 = DaemonIdentity(header: header, trace: AgentTrace(agentID: header.agentID)) }
        _ = witness.note(AgentTrace(agentID: header.agentID))
        giveUp(otherThan: header.epoch)
        store.noteTrouble(text, for: .seconds(600))
        store.settleAnew()
        router.flush()
    }

    func journalFailed(_ error: JournalError?) {
        let before = journalProblem.with { problem in
            defer { problem = error?.message }
            return problem
        }
        if let error, before == nil {
            log.error("the journal cannot be written: \(error)")
        } else if error == nil, before != nil {
            log.notice("the journal can be written again")
        }
    }
}
