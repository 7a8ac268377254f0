internal import LeafClient
private import Foundation

/// A leafd with very many tags, or one.
enum ManyTags {
    /// `tag-000000`, `tag-000001`, …: of a length that tags have.
    static func names(_ count: Int) -> [String] {
        (0..<count).map { number in
            let digits = String(number)
            return "tag-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        }
    }

    /// Starts a leafd whose central table has so many tags more, written there by sqlite3: as many in `segments.tags`
    /// would be a part of its memory and of the time that it takes to start.
    ///
    /// - Parameter step: 1,000,000: no lease is needed after the first.
    static func start(
        _ path: String, count: Int, step: Int = 1_000_000, tags: [Leafd.Tag] = [Leafd.Tag("orders")],
        settings: [String] = []
    ) throws -> Leafd {
        let leafd = try Leafd(path, tags: tags, settings: settings)
        try insert(count, step: step, into: leafd, besides: tags.count)
        return leafd
    }

    /// Restarts a leafd with so many tags more in its central table, and waits until it knows them.
    ///
    /// - Parameter configured: how many it has by its configuration.
    static func insert(_ count: Int, step: Int, into leafd: Leafd, besides configured: Int = 1) throws {
        try wait("leafd knows its own tags", within: .seconds(60)) { try Stats(of: leafd).tags == configured }
        leafd.stop()
        let sql = """
            WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < \(count))
            INSERT INTO leaf_alloc(biz_tag, max_id, step) SELECT printf('tag-%06d', n), 1, \(step) FROM numbers;
            """
        _ = try Program.output("sqlite3", ["-bail", leafd.storePath, sql], in: leafd.folder)
        try leafd.launchAgain()
        try leafd.waitUntilReady()
        try wait("leafd knows \(configured + count) tags", within: .seconds(60)) {
            try Stats(of: leafd).tags == configured + count
        }
    }

    /// Takes an ID of each tag, so that each has stock and a record in the journal.
    static func touch(_ names: [String], of leafd: Leafd) throws {
        var load = try ClosedLoad(
            socketPath: leafd.socketPath, connections: min(names.count, 200), pipeline: 1, tags: names,
            picks: (0..<names.count).map { Int32($0) })
        let outcome = try load.runOnce()
        guard outcome.errors == 0 else {
            throw Problem("\(outcome.errors) of \(names.count) tags gave no ID: \(outcome.firstError ?? "")")
        }
    }

    /// Looks every tenth of a second.
    static func wait(_ what: String, within limit: Duration, until isSo: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + limit
        while try !isSo() {
            guard ContinuousClock.now < deadline else { throw Problem("not within \(limit): \(what)") }
            usleep(100_000)
        }
    }
}

/// What leafd counts itself, as far as benchmarks need it.
struct Stats {
    /// How many it knows.
    let tags: Int
    /// Of the journal, since the start.
    let commits: Int
    /// Of segments, since the start, of the hundred tags with the shortest runway.
    let leases: Int
    /// Calls of the store, since the start.
    let storeErrors: Int
    let isStoreUp: Bool

    init(of leafd: Leafd) throws {
        guard let text = try leafd.connect().answer(to: ["STATS"]).text,
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        else { throw Problem("leafd answers STATS with something else than a JSON object") }
        let store = object["store"] as? [String: Any] ?? [:]
        let journal = object["journal"] as? [String: Any] ?? [:]
        let shown = object["tags"] as? [[String: Any]] ?? []
        tags = object["tags_total"] as? Int ?? 0
        commits = journal["commits"] as? Int ?? 0
        leases = shown.reduce(0) { $0 + ($1["segment_loads"] as? Int ?? 0) }
        storeErrors = store["errors"] as? Int ?? 0
        isStoreUp = store["up"] as? Bool ?? false
    }
}
