extension Key {
    /// Every key there is, in the order of the file.
    package static let all: [Key] = socket + store + segments + snowflake + journal + server + access + log

    /// The sections, in the order of the file.
    static let sections = ["socket", "store", "segments", "snowflake", "journal", "server", "access", "log"]

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    static func named(_ name: String) -> Key? { byName[name] }

    static func inSection(_ section: String) -> [Key] { all.filter { $0.section == section } }

    private static let socket: [Key] = [
        Key("socket.path", \.socket.path, .path(107)),
        Key("socket.mode", \.socket.mode, .mode),
        Key("socket.group", \.socket.group, .optional(.name)),
        Key("socket.admin-path", \.socket.adminPath, .optional(.path(107))),
        Key("socket.admin-uids", \.socket.adminUIDs, .list(of: .userID, atMost: 1000)),
    ]

    private static let store: [Key] = [
        Key("store.url", \.store.url, .storeURL),
        Key("store.password-file", \.store.passwordFile, .optional(.path(4095))),
        Key("store.table", \.store.table, .table),
        Key("store.create-schema", \.store.createSchema, .choice),
        Key("store.max-open", \.store.maxOpen, .integer(1...100)),
        Key("store.max-idle", \.store.maxIdle, .integer(0...100)),
        Key("store.max-lifetime", \.store.maxLifetime, .duration(.seconds(1), hours(168))),
        Key("store.connect-timeout", \.store.connectTimeout, .duration(.milliseconds(100), .seconds(60))),
        Key("store.query-timeout", \.store.queryTimeout, .duration(.milliseconds(100), .seconds(60))),
        Key("store.beat", \.store.beat, .duration(.milliseconds(100), hours(1))),
        Key("store.failover-gap", \.store.failoverGap, .auto(.integer(1...1 << 50))),
        Key("store.identity", \.store.identity, .choice),
        Key("store.tls", \.store.tls, .choice),
        Key("store.ca-file", \.store.caFile, .optional(.path(4095))),
    ]

    private static let segments: [Key] = [
        Key("segments.default-step", \.segments.defaultStep, .integer(1...TagDefinition.largestStep)),
        Key("segments.min-step", \.segments.minStep, .integer(1...TagDefinition.largestStep)),
        Key("segments.max-step", \.segments.maxStep, .integer(1...1 << 40)),
        Key("segments.adjust-ratio", \.segments.adjustRatio, .decimal(1.01...100)),
        Key("segments.short-life", \.segments.shortLife, .duration(.seconds(1), hours(168))),
        Key("segments.long-life", \.segments.longLife, .duration(.seconds(1), hours(168))),
        Key("segments.preload-threshold", \.segments.preloadThreshold, .decimal(0.01...0.99)),
        Key("segments.reserve", \.segments.reserve, .duration(.seconds(1), hours(168), zero: "only the next segment")),
        Key("segments.max-segments", \.segments.maxSegments, .integer(2...100_000)),
        Key("segments.cleanup-interval", \.segments.cleanupInterval, .duration(.seconds(1), hours(168))),
        .live("segments.wait-timeout", \.segments.waitTimeout, .duration(.milliseconds(1), .seconds(60))),
        .live("segments.max-parked", \.segments.maxParked, .integer(1...1_000_000)),
        Key("segments.auto-create", \.segments.autoCreate, .boolean),
        .live("segments.warm", \.segments.warm, .list(of: .tag, atMost: 10_000)),
        .live("segments.tags", \.segments.tags, .tagDefinitions),
    ]

    private static let snowflake: [Key] = [
        Key("snowflake.enabled", \.snowflake.enabled, .boolean),
        Key("snowflake.epoch", \.snowflake.epoch, .integer(0...4_102_444_800_000)),
        Key("snowflake.worker", \.snowflake.worker, .auto(.integer(0...65_535))),
        Key("snowflake.extra-workers", \.snowflake.extraWorkers, .integer(0...1023)),
        Key("snowflake.horizon", \.snowflake.horizon, .duration(.seconds(60), hours(168))),
        // A first lease, of a minute, that a failover has lost must be over by then, by the clock of another server.
        Key("snowflake.takeover-hold", \.snowflake.takeoverHold, .duration(.seconds(120), hours(24))),
        Key("snowflake.layout", \.snowflake.layout, .layout),
    ]

    private static let journal: [Key] = [
        Key("journal.path", \.journal.path, .path(4095)),
        Key("journal.witness", \.journal.witness, .auto(.path(4095))),
        Key("journal.map-size", \.journal.mapSize, .size(16 << 20...1 << 40, multipleOf: 4096)),
        Key("journal.window", \.journal.window, .duration(.milliseconds(10), .seconds(60))),
        Key("journal.after-reboot", \.journal.afterReboot, .choice),
    ]

    private static let server: [Key] = [
        Key("server.event-loops", \.server.eventLoops, .auto(.integer(1...64))),
        .live("server.max-connections", \.server.maxConnections, .integer(1...1_000_000)),
        .live("server.max-connections-per-uid", \.server.maxConnectionsPerUID, .auto(.integer(0...1_000_000))),
        .live("server.memory-limit", \.server.memoryLimitBytes, .size(1 << 20...1 << 40)),
        .live("server.max-line", \.server.maxLineBytes, .size(128...1 << 20)),
        .live("server.max-batch", \.server.maxBatch, .integer(1...10_000_000)),
        .live("server.idle-timeout", \.server.idleTimeout, .duration(.seconds(1), hours(168), zero: "never")),
        .live("server.output-limit", \.server.outputLimitBytes, .size(4096...1 << 30)),
    ]

    private static let access: [Key] = [
        Key("access", \.access, .accessRules)
    ]

    private static let log: [Key] = [
        .live("log.level", \.log.level, .choice),
        Key("log.format", \.log.format, .choice),
    ]

    private static func hours(_ count: Int) -> Duration { .seconds(3600 * count) }
}
