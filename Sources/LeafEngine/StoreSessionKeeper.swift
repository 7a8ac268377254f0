internal import LeafCore
internal import LeafJournal
internal import LeafStore
internal import LeafThreads
internal import Logging

/// Keeps the session with the central store, and settles with each new one whose stock this is before the first lease.
///
/// Used by the store's thread alone.
final class StoreSessionKeeper {
    private let store: any SegmentStore
    private let engine: Engine
    private let log: Logger
    private var current: (any StoreSession)?
    private var isSettled = false

    init(store: any SegmentStore, engine: Engine, log: Logger) {
        self.store = store
        self.engine = engine
        self.log = log
    }

    func session() throws(StoreError) -> any StoreSession {
        if let current { return current }
        let header = engine.identity.with { $0 }
        let isSamePlace = header.storePlace == engine.settings.storePlace
        let session = try store.connect(knownStore: isSamePlace ? StoreID(header.storeID) : nil)
        do throws(StoreError) {
            try settle(session, header)
        } catch {
            session.close()
            throw error
        }
        current = session
        return session
    }

    func close() {
        current?.close()
        current = nil
    }

    /// The mark that leases are checked against.
    var agent: AgentMark {
        let header = engine.identity.with { $0 }
        return AgentMark(agentID: header.agentID, beat: header.agentBeat)
    }

    /// Compares the store with what the journal knows, makes this daemon known to it, and writes both down: all that
    /// before the first lease.
    private func settle(_ session: any StoreSession, _ header: JournalHeader) throws(StoreError) {
        let storeID = session.storeID.text
        let isOther =
            !header.storeID.isEmpty
            && (header.storeID != storeID || header.storePlace.table != engine.settings.storePlace.table)
        let mustGiveUp = header.isUnconfirmed || !isSettled && engine.recovery.confidence == .unproven
        var changed = header
        changed.storeID = storeID
        changed.storePlace = engine.settings.storePlace
        if isOther || mustGiveUp {
            changed.agentID = .randomIdentifier()
            changed.agentBeat = 0
            changed.epoch += 1
            changed.isUnconfirmed = false
        }
        let epoch = changed.epoch
        if changed.agentBeat == 0 {
            try session.register(agent: AgentMark(agentID: changed.agentID, beat: 1), host: hostName())
            changed.agentBeat = 1
        }
        if isOther {
            log.warning(
                "the store is another one than the journal's (\(storeID), not \(header.storeID)): its stock is given up"
            )
            engine.forEachEntry { $0.forgetStore(epoch: epoch, now: $1, effects: &$2) }
        } else if mustGiveUp {
            log.notice("the stock is given up for fresh leases: \(engine.recovery.reason)")
            engine.forEachEntry { $0.giveUp(epoch: epoch, now: $1, effects: &$2) }
        }
        try engine.record(changed)
        isSettled = true
        // What was made meanwhile, or by a settlement that came to nothing, belongs to another epoch.
        engine.forEachEntry { stock, now, effects in
            if stock.epoch != epoch { stock.giveUp(epoch: epoch, now: now, effects: &effects) }
        }
        if !isOther { engine.forEachEntry { $0.release(now: $1, effects: &$2) } }
    }
}

extension Engine {
    func forEachEntry(_ event: (inout TagStock, MonotonicTime, inout StockEffects) -> Void) {
        for entry in entries { entry.handle(event) }
    }

    /// Makes a changed header durable; without that, nothing is leased.
    func record(_ changed: JournalHeader) throws(StoreError) {
        guard identity.with({ $0 != changed }) else { return }
        do throws(JournalError) {
            try writer.changeHeader { header in
                header.agentID = changed.agentID
                header.agentBeat = changed.agentBeat
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
        identity.with { $0 = changed }
    }
}
