package import LeafCore
package import LeafJournal
package import LeafStore

/// What the engine is told at the start.
package struct EngineSettings: Sendable {
    package var rules: StockRules
    package var journalPath: String
    package var journalMapBytes: Int
    /// Looks a journal over before it is used, in a process that may die of it.
    package var verifyJournal: JournalVerifier
    /// Where the journal's witness is kept: a folder on a file system in memory; nil: nowhere.
    package var witnessFolder: String?
    package var afterReboot: Recovery.AfterReboot
    /// Where the counters are, as the journal remembers it.
    package var storePlace: StorePlace
    /// Between two signs of life in the store.
    package var beat: Duration
    /// Create a tag at its first request.
    package var autoCreate: Bool
    package var tunables: EngineTunables

    package init(
        rules: StockRules, journalPath: String, journalMapBytes: Int, verifyJournal: @escaping JournalVerifier,
        witnessFolder: String?, afterReboot: Recovery.AfterReboot, storePlace: StorePlace, beat: Duration,
        autoCreate: Bool, tunables: EngineTunables
    ) {
        self.rules = rules
        self.journalPath = journalPath
        self.journalMapBytes = journalMapBytes
        self.verifyJournal = verifyJournal
        self.witnessFolder = witnessFolder
        self.afterReboot = afterReboot
        self.storePlace = storePlace
        self.beat = beat
        self.autoCreate = autoCreate
        self.tunables = tunables
    }
}

/// What a reload (SIGHUP) may change.
package struct EngineTunables: Sendable {
    /// The most requests that wait at once.
    package var maxParked: Int
    /// Created in the store if absent.
    package var tags: [NewTag]
    /// Filled before the first request.
    package var warm: [Tag]

    package init(maxParked: Int, tags: [NewTag], warm: [Tag]) {
        self.maxParked = maxParked
        self.tags = tags
        self.warm = warm
    }
}
