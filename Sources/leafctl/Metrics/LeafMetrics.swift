internal import LeafCore
internal import LeafProtocol

/// What leafd tells, under Prometheus' conventions: base units, `_total` for what only grows, a label where things of one
/// kind are told apart.
///
/// Percentiles over the last minute are left out: Prometheus works them out of `leafd_request_duration_seconds` for itself,
/// over any time and any set of hosts. Those of leases and commits, for which there is no histogram, are gauges.
enum LeafMetrics {
    /// - Parameter tags: all of them; those in the document are a hundred at most.
    static func exposition(of snapshot: StatsSnapshot, tags: [TagStats]) -> Exposition {
        var metrics = Exposition()
        let stats = snapshot.document
        addState(snapshot, to: &metrics)
        addStore(stats.store, to: &metrics)
        addJournal(stats.journal, to: &metrics)
        addRequests(stats, to: &metrics)
        addProcess(stats.process, to: &metrics)
        addSnowflake(stats.snowflake, to: &metrics)
        addIDs(stats, to: &metrics)
        TagMetrics.add(tags, to: &metrics)
        return metrics
    }

    /// What is written while leafd cannot be asked: that, and when. Figures from before would look like those of now.
    static func expositionOfSilence(at time: UTCTime) -> Exposition {
        var metrics = Exposition()
        addUp(false, time, to: &metrics)
        return metrics
    }

    private static func addUp(_ isUp: Bool, _ time: UTCTime, to metrics: inout Exposition) {
        metrics.gauge("leafd_up", "Whether leafd could be asked.", isUp)
        metrics.gauge(
            "leafd_stats_timestamp_seconds",
            "When leafd was asked, in seconds since 1970: these figures are as old as that.",
            seconds: Double(time.milliseconds) / 1000)
    }

    private static func addState(_ snapshot: StatsSnapshot, to metrics: inout Exposition) {
        let stats = snapshot.document
        addUp(true, snapshot.time, to: &metrics)
        let facts = [
            ("version", stats.version), ("agent_id", stats.agentID ?? ""),
            ("started_from", stats.startedFrom?.rawValue ?? ""), ("store", stats.store.kind),
        ]
        metrics.gauge(
            "leafd_info", "What runs: always 1, under labels that say it.",
            [MetricSample(1, facts.map(MetricText.label).joined(separator: ","))])
        metrics.gauge("leafd_uptime_seconds", "Time since the start.", seconds: stats.uptimeSeconds)
        if let health = snapshot.health {
            metrics.gauge(
                "leafd_health", "What leafd says of its own health: 1 for the state that it is in.",
                HealthAnswer.State.allCases.map { state in
                    MetricSample(health.state == state ? 1 : 0, MetricText.label("state", state.rawValue))
                })
        }
    }

    private static func addStore(_ store: StatsStore, to metrics: inout Exposition) {
        metrics.gauge("leafd_store_up", "Whether the central store answers.", store.up)
        metrics.counter("leafd_store_failures_total", "Calls of the central store that failed.", store.errors)
        metrics.counter(
            "leafd_store_errors_total", "Errors of the central store that no further try has mended, by kind.",
            byName(store.errorsByCode, "code"))
        metrics.counter("leafd_store_retries_total", "Calls that were tried again at once.", store.retries)
        metrics.gauge("leafd_store_sessions", "Open connections to the central store.", store.sessions.open)
        metrics.gauge("leafd_store_sessions_max", "The most there may be: store.max-open.", store.sessions.max)
        metrics.counter(
            "leafd_store_lifts_total", "How often the counters were lifted because the database had gone backward.",
            store.lifts)
        metrics.gauge(
            "leafd_store_lease_seconds", "How long a lease takes, over the last minute.",
            percentiles(store.leaseMilliseconds))
    }

    private static func addJournal(_ journal: StatsJournal, to metrics: inout Exposition) {
        metrics.counter("leafd_journal_commits_total", "Commits of the journal.", journal.commits)
        metrics.counter("leafd_journal_failures_total", "Commits that failed.", journal.failures)
        metrics.gauge(
            "leafd_journal_commit_seconds", "How long a commit takes, over the last minute.",
            percentiles(journal.commitMilliseconds))
        metrics.gauge("leafd_journal_bytes", "Bytes of the journal in use.", journal.bytes)
        metrics.gauge("leafd_journal_map_bytes", "Bytes it may grow to: journal.map-size.", journal.mapBytes)
        metrics.counter(
            "leafd_journal_replacements_total",
            "How often the journal was set aside for a fresh one, since a commit's outcome was unknown.",
            journal.replacements)
        metrics.gauge(
            "leafd_journal_witness", "Whether a witness is in force, so that a restart goes on at once.",
            journal.witness)
    }

    private static func addProcess(_ process: StatsProcess, to metrics: inout Exposition) {
        // Not process_…: in node_exporter's own exposition those names are node_exporter's.
        metrics.gauge("leafd_process_resident_memory_bytes", "Memory in RAM.", process.residentBytes)
        metrics.counter(
            "leafd_process_cpu_seconds_total", "Processor time of user and kernel.",
            process.cpuSeconds.map { [MetricSample(number: $0)] } ?? [])
        metrics.gauge("leafd_process_open_fds", "Open file descriptors.", process.openDescriptors)
        metrics.gauge("leafd_process_max_fds", "The most there may be: ulimit -n.", process.maxDescriptors)
    }

    private static func addSnowflake(_ snowflake: StatsSnowflake, to metrics: inout Exposition) {
        metrics.gauge("leafd_snowflake_enabled", "Whether snowflakes are issued at all.", snowflake.enabled)
        guard snowflake.enabled else { return }
        metrics.gauge(
            "leafd_snowflake_working",
            "0: no snowflakes are issued, though they are asked for; leafctl stats says why.", snowflake.problem == nil)
        metrics.counter("leafd_snowflake_ids_issued_total", "Snowflakes issued.", snowflake.issued)
        metrics.counter(
            "leafd_snowflake_waits_total", "Requests that waited for the next unit of time.", snowflake.waits)
        metrics.counter(
            "leafd_snowflake_clock_steps_total", "How often the wall clock has jumped.", snowflake.clockSteps)
        metrics.gauge(
            "leafd_snowflake_clock_offset_seconds", "How far leafd's clock is from the wall clock.",
            seconds: snowflake.clockOffsetMilliseconds.map(seconds))
        metrics.gauge(
            "leafd_snowflake_horizon_seconds",
            "How far ahead of now the worker ids are leased: how long snowflakes last without the central store.",
            seconds: snowflake.horizonSeconds)
        metrics.gauge(
            "leafd_snowflake_worker_generation", "How often the worker id has changed its holder, for those held.",
            zip(snowflake.workers, snowflake.generations).map { worker, generation in
                MetricSample(generation, MetricText.label("worker", String(worker)))
            })
    }

    private static func percentiles(_ milliseconds: StatsPercentiles) -> [MetricSample] {
        [("p50", milliseconds.p50), ("p99", milliseconds.p99), ("max", milliseconds.max)].compactMap { name, value in
            value.map { MetricSample(number: seconds(milliseconds: $0), MetricText.label("stat", name)) }
        }
    }

    /// To the nanosecond, so that 6.329 ms are 0.006329 and not 0.0063289999999999996.
    static func seconds(milliseconds: Double) -> Double { (milliseconds * 1e6).rounded() / 1e9 }

    /// A counter for each name, in the order of the names.
    static func byName(_ counts: [String: Int64], _ label: String) -> [MetricSample] {
        counts.sorted { $0.key < $1.key }.map { MetricSample($0.value, MetricText.label(label, $0.key)) }
    }
}
