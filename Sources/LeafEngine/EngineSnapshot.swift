package import LeafCore
internal import LeafJournal
internal import LeafStore
internal import LeafThreads

/// The engine at one moment, for STATS.
package struct EngineSnapshot: Sendable {
    package let uptime: Duration
    package let agentID: String
    package let confidence: Recovery.Confidence
    package let store: StoreSnapshot
    package let journal: JournalSnapshot
    package let snowflake: SnowflakeSnapshot
    package let tags: [(tag: Tag, stock: StockSnapshot)]
}

package struct StoreSnapshot: Sendable {
    package let kind: String
    package let redactedURL: String
    package let link: StoreLink
    /// How long it has been up, or failing.
    package let sinceChange: Duration
    package let lease: LatencyWindow.Summary?
    /// How often this daemon has lifted counters that went backward.
    package let lifts: Int
    /// What failed for good, by the code of the error: `unavailable`, `misconfigured`, …
    package let errors: [String: Int]
    /// The last of them, over or not.
    package let lastError: String?
    /// Calls that were tried again at once, for a deadlock or a lost connection.
    package let retries: Int
    package let sessionsOpen: Int
    package let sessionsMax: Int
}

package struct JournalSnapshot: Sendable {
    package let path: String
    package let commits: Int
    package let failures: Int
    package let usedBytes: Int
    package let mapBytes: Int
    package let commit: LatencyWindow.Summary?
    /// How often it was set aside for a fresh one, after a commit of unknown outcome.
    package let replacements: Int
    /// A witness is in force: a restart goes on at once.
    package let hasWitness: Bool
}

package struct SnowflakeSnapshot: Sendable {
    package let isEnabled: Bool
    package let format: SnowflakeFormat
    /// Those held, in the order of their ids.
    package let workers: [SnowflakeWorker]
    /// Why no snowflakes are issued.
    package let problem: String?
    /// Of worker ids that this daemon held before, since it started.
    package let past: SnowflakeCounters
}

extension Engine {
    package func snapshot() -> EngineSnapshot {
        let now = MonotonicTime.now()
        let (link, latency, report, sessions) = store.desk.with { ($0.link, $0.latency, $0.report, $0.sessions) }
        let journal = writer.snapshot()
        return EngineSnapshot(
            uptime: now.since(startedAt), agentID: identity.with { $0.header.agentID }, confidence: recovery.confidence,
            store: StoreSnapshot(
                kind: store.kind, redactedURL: store.redactedURL, link: link, sinceChange: now.since(link.changedAt),
                lease: latency.summary(now: now), lifts: report.lifts,
                errors: Dictionary(uniqueKeysWithValues: report.errors.map { ($0.rawValue, $1) }),
                lastError: report.last?.message, retries: report.retries, sessionsOpen: sessions,
                sessionsMax: store.sessionsMax),
            journal: JournalSnapshot(
                path: settings.journalPath, commits: journal.commits, failures: journal.failures,
                usedBytes: journal.usedBytes, mapBytes: journal.mapBytes, commit: journal.latency.summary(now: now),
                replacements: journal.replacements, hasWitness: journal.witness),
            snowflake: snowflake.snapshot(),
            tags: entries.map { ($0.tag, $0.snapshot(now: now)) })
    }

    /// The tags that can be asked for, in the order of their names.
    package func tagNames() -> [Tag] {
        entries.filter { $0.isListed }.map(\.tag).sorted()
    }
}

extension TagEntry {
    /// Whether the tag exists, as far as is known.
    package var isListed: Bool { phase != .gone }
}
