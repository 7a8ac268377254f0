package import LeafCore
package import LeafJournal
package import LeafStore
package import Logging
internal import LeafThreads
private import Synchronization

/// The daemon's inside: every tag's stock, and the threads that journal, lease and measure for them.
///
/// Requests come in on event loops through `find` and `TagEntry`; nothing they call blocks. What blocks has a thread of its
/// own: `JournalWriter` (LMDB), `StoreDriver` (SQL), `Ticker` (once a second, while anything is in use).
package final class Engine: Sendable {
    package let settings: EngineSettings
    let log: Logger
    let router = AnswerRouter()
    let writer: JournalWriter
    let store: StoreDriver
    let ticker: Ticker
    package let recovery: Recovery
    package let startedAt = MonotonicTime.now()

    private let table = Lock(TagTable<TagEntry>())
    private let tunables: Lock<EngineTunables>
    private let storeBackingOff = Atomic<Bool>(false)
    private let hasSeenTags = Atomic<Bool>(false)
    let journalProblem = Lock<String?>(nil)
    let witness: WitnessFile
    let identity: Lock<DaemonIdentity>
    package let snowflake: SnowflakeDesk
    private let journalEvents: JournalEvents

    /// The most tags that requests alone may bring into being (`segments.auto-create`, or before the tag list is known).
    static let unlistedTagsMax = 100_000

    /// Opens the journal, decides what may be used of it, and starts the threads. Does not wait for the store.
    package init(settings: EngineSettings, store: any SegmentStore, log: Logger) throws(JournalError) {
        let journal = try Journal(
            path: settings.journalPath, mapBytes: settings.journalMapBytes, verify: settings.verifyJournal)
        let witness = WitnessFile(folder: settings.witnessFolder)
        let finding = witness.find(journalID: journal.header.journalID)
        let recovery =
            if let setAside = journal.setAside {
                Recovery.damaged(setAside.reason)
            } else {
                Recovery.decide(
                    header: journal.isNew ? nil : journal.header, sequence: journal.sequence, witness: finding,
                    host: journal.host, storePlace: settings.storePlace, afterReboot: settings.afterReboot)
            }
        if !journal.isNew && !journal.header.host.isSameFile(as: journal.host) { witness.disown() }
        let records = try journal.records()
        let workers = try journal.workers()
        self.settings = settings
        self.recovery = recovery
        self.witness = witness
        self.log = log
        tunables = Lock(settings.tunables)
        var header = recovery.header(
            from: journal.header, journal.sequence, host: journal.host, journalID: .randomIdentifier(),
            life: .randomIdentifier())
        // It had a store, and nobody knows which: at this place none is made anew.
        if journal.setAside != nil && header.storePlace == .none { header.storePlace = settings.storePlace }
        journal.adopt(header)
        let trace = recovery.trace(of: header, finding)
        identity = Lock(DaemonIdentity(header: header, trace: trace))
        let events = JournalEvents()
        writer = JournalWriter(gather: settings.rules.window / 4, owner: events)
        journalEvents = events
        self.store = StoreDriver(store: store, beat: settings.beat, pool: settings.pool, log: log)
        ticker = Ticker()
        snowflake = SnowflakeDesk(
            settings.snowflake, window: settings.rules.window, machine: journal.host.machineID)
        events.engine = self
        if let setAside = journal.setAside { tell(setAside) }
        recover(records)
        snowflake.recover(workers, recovery, header, for: self)
        _ = witness.note(trace)
        writer.start(journal, witness: witness)
        self.store.start(for: self)
        if snowflake.isInUse { self.store.wantWorkers() }
        ticker.start(for: self)
    }

    // MARK: Requests

    package enum Lookup {
        case found(TagEntry)
        case refused(Refusal, Tag)
        case invalid(TagError)
    }

    /// Finds a tag by its raw bytes.
    package func find(_ bytes: UnsafeRawBufferPointer) -> Lookup {
        if let entry = table.with({ $0.find(bytes) }) { return .found(entry) }
        do throws(TagError) {
            return missing(try Tag(utf8: bytes))
        } catch {
            return .invalid(error)
        }
    }

    /// A tag that is not in the table: not there, not seen yet, or to be made.
    private func missing(_ tag: Tag) -> Lookup {
        let isListKnown = hasSeenTags.load(ordering: .acquiring)
        if isListKnown { store.wantCatalog() }
        guard settings.autoCreate || !isListKnown else { return .refused(.noTag, tag) }
        if isStoreBackingOff { return .refused(.exhausted, tag) }
        return table.with { table in
            if let entry = table.find(tag) { return .found(entry) }
            guard table.count < Engine.unlistedTagsMax else { return .refused(.tooManyParked, tag) }
            let entry = TagEntry(
                tag: tag, stock: newStock(tableStep: settings.rules.step.minStep), engine: self)
            table.insert(tag, entry)
            return .found(entry)
        }
    }

    var isStoreBackingOff: Bool { storeBackingOff.load(ordering: .relaxed) }
    var mayPark: Bool { router.parked < tunables.with { $0.maxParked } }
    package var parked: Int { router.parked }

    /// Registers an event loop; its number goes into the tokens of the requests that it parks.
    package func register(_ receiver: any AnswerReceiver) -> Int32 { router.register(receiver) }

    /// A request for snowflakes finds no worker id: one is claimed for it.
    ///
    /// - Parameter token: names the request while it waits.
    package func wantWorker(_ token: ParkToken) -> SnowflakeDesk.Want {
        let want = snowflake.want(
            mayPark ? token : nil, isStoreBackingOff: isStoreBackingOff, now: .now())
        if want == .parked {
            router.didPark()
            store.wantWorkers()
        }
        return want
    }

    /// A request finds the lease of its worker id over: waits for a renewal, unless one has just been tried.
    package func wantRenewal(_ token: ParkToken) -> Bool {
        guard snowflake.wantRenewal(mayPark ? token : nil, isStoreBackingOff: isStoreBackingOff, now: .now()) else {
            return false
        }
        router.didPark()
        store.wantWorkers()
        return true
    }

    /// Takes a request back that waits for a worker id. False if its answer is on the way already.
    package func cancelWant(_ token: ParkToken) -> Bool {
        guard snowflake.cancel(token) else { return false }
        router.didUnpark()
        return true
    }

    // MARK: What the stocks ask for

    func carryOut(_ effects: StockEffects, for entry: TagEntry) {
        if let urgency = effects.commit { writer.request(entry, urgency) }
        if effects.wantsLoad { store.request(entry) }
        if effects.becameActive { ticker.add(entry) }
        router.collect(effects.answers)
    }

    // MARK: What the drivers report

    /// The store does not answer: stock that had to wait for the first try is served from.
    func storeIsAway() {
        guard recovery.use == .serveUntilStoreAnswers else { return }
        forEachEntry { $0.release(now: $1, effects: &$2) }
        snowflake.release()
        router.flush()
    }

    func storeTurned(backingOff: Bool) {
        storeBackingOff.store(backingOff, ordering: .relaxed)
    }

    package var journalTrouble: String? { journalProblem.with { $0 } }

    // MARK: The table

    package var entries: [TagEntry] { table.with { Array($0.values) } }

    func entry(_ tag: Tag) -> TagEntry? { table.with { $0.find(tag) } }

    /// The entry of a tag that the central table has; made if need be.
    func entry(listed tag: Tag, tableStep: Int64) -> TagEntry {
        table.with { table in
            if let entry = table.find(tag) { return entry }
            let entry = TagEntry(tag: tag, stock: newStock(tableStep: tableStep), engine: self)
            table.insert(tag, entry)
            return entry
        }
    }

    private func newStock(tableStep: Int64) -> TagStock {
        TagStock(epoch: identity.with { $0.header.epoch }, tableStep: tableStep, rules: settings.rules, now: .now())
    }

    /// Takes out an entry that was made for a tag that turned out not to exist.
    func forget(_ entry: TagEntry) {
        table.with { table in
            if table.find(entry.tag) === entry { table.remove(entry.tag) }
        }
    }

    func sawTagList() { hasSeenTags.store(true, ordering: .releasing) }
    package var knowsTagList: Bool { hasSeenTags.load(ordering: .acquiring) }

    package func adopt(_ new: EngineTunables) {
        tunables.with { $0 = new }
        store.wantTags()
    }

    var current: EngineTunables { tunables.with { $0 } }

    // MARK: Start and stop

    /// Takes up what the journal holds, as far as `recovery` allows.
    private func recover(_ records: [(tag: Tag, record: TagRecord)]) {
        log.info(
            "journal \(settings.journalPath): \(records.count) tags, \(recovery.confidence.rawValue): \(recovery.reason)"
        )
        let epoch = identity.with { $0.header.epoch }
        for (tag, record) in records {
            // In the list before the writer starts: the first commit, which makes the journal this host's, has it all.
            var effects = StockEffects()
            let stock = TagStock.recovered(
                record, recovery, epoch: epoch, rules: settings.rules, now: .now(), effects: &effects)
            let entry = TagEntry(tag: tag, stock: stock, engine: self)
            table.with { _ = $0.insert(tag, entry) }
            carryOut(effects, for: entry)
        }
    }

    /// What was done with a damaged journal: in the log and, for a while, in HEALTH.
    private func tell(_ setAside: SetAside) {
        let text =
            "the journal was damaged (\(setAside.reason)) and set aside as \(setAside.file): its stock is given up for fresh "
            + "leases, \(setAside.floors) floors were taken over"
        log.critical("\(text)")
        store.noteTrouble(text, for: .seconds(600))
    }

    /// Stops issuing, writes every tag's exact position, ends the threads. Blocks: not for an event loop.
    ///
    /// - Returns: nil, or why the positions could not be written: then the next start goes on a window or two higher.
    @discardableResult
    package func stop() -> String? {
        store.stop()
        ticker.stop()
        for entry in entries where entry.handle({ stock, _, effects in stock.seal(effects: &effects) }) {
            writer.request(entry, .now)
        }
        for entry in snowflake.seal() { writer.request(entry, .now) }
        router.collect(snowflake.turnAway())
        router.flush()
        writer.stop()
        witness.release()
        return journalTrouble
    }
}
