package import LeafCore
package import LeafStore

/// What the engine is told at the start.
package struct EngineSettings: Sendable {
    package var rules: StockRules
    package var journalPath: String
    package var journalMapBytes: Int
    package var afterReboot: Recovery.AfterReboot
    /// Where the counters are, as the journal remembers it.
    package var storePlace: StorePlace
    /// Create a tag at its first request.
    package var autoCreate: Bool
    package var tunables: EngineTunables

    package init(
        rules: StockRules, journalPath: String, journalMapBytes: Int, afterReboot: Recovery.AfterReboot,
        storePlace: StorePlace, autoCreate: Bool, tunables: EngineTunables
    ) {
        self.rules = rules
        self.journalPath = journalPath
        self.journalMapBytes = journalMapBytes
        self.afterReboot = afterReboot
        self.storePlace = storePlace
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
