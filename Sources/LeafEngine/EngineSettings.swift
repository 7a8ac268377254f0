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
    package var pool: StorePool
    /// A store that shows signs of having lost commits more than four times within it is not leased from.
    package var alarmPeriod: Duration
    package var snowflake: SnowflakeSettings

    package init(
        rules: StockRules, journalPath: String, journalMapBytes: Int, verifyJournal: @escaping JournalVerifier,
        witnessFolder: String?, afterReboot: Recovery.AfterReboot, storePlace: StorePlace, beat: Duration,
        autoCreate: Bool, tunables: EngineTunables, pool: StorePool = StorePool(),
        alarmPeriod: Duration = .seconds(60), snowflake: SnowflakeSettings = SnowflakeSettings()
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
        self.pool = pool
        self.alarmPeriod = alarmPeriod
        self.snowflake = snowflake
    }
}

/// How many sessions with the central store there may be, and how long each. Of no meaning for a store of one session.
package struct StorePool: Sendable {
    /// The most sessions at once: the main thread's, and a helper's each.
    package var maxOpen: Int
    /// The most sessions that stay open while there is nothing to do.
    package var maxIdle: Int
    /// After how long a session is replaced by a new one, ±10 %.
    package var maxLifetime: Duration
    /// How long what goes unused is kept beyond `maxIdle`.
    package var idleTime: Duration
    /// How long one call to the store may take; so long, too, all tries that follow a deadlock.
    package var queryTimeout: Duration

    package init(
        maxOpen: Int = 4, maxIdle: Int = 2, maxLifetime: Duration = .seconds(3600), idleTime: Duration = .seconds(5),
        queryTimeout: Duration = .seconds(2)
    ) {
        precondition(maxOpen >= 1 && maxIdle >= 0)
        self.maxOpen = maxOpen
        self.maxIdle = maxIdle
        self.maxLifetime = maxLifetime
        self.idleTime = idleTime
        self.queryTimeout = queryTimeout
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
