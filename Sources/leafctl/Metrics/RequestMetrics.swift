internal import LeafProtocol

/// Clients and what they ask for.
extension LeafMetrics {
    /// The prefixes that matter to alerts. A counter that appears only with its first error shows no increase by it, so these
    /// are there from the start.
    private static let prefixes = [
        "ERR", "NOTAG", "EXHAUSTED", "TIMEOUT", "NOPERM", "CLOCK", "NOWORKER", "OVERFLOW", "UNHEALTHY", "SHUTDOWN",
    ]

    static func addRequests(_ stats: StatsDocument, to metrics: inout Exposition) {
        metrics.gauge("leafd_connections", "Open connections of clients.", stats.connections.open)
        metrics.gauge(
            "leafd_connections_max", "The most there may be: server.max-connections.", stats.connections.limit)
        metrics.counter("leafd_connections_accepted_total", "Connections accepted.", stats.connections.total)
        metrics.counter(
            "leafd_connections_refused_total", "Connections turned away at a limit or by access rules.",
            stats.connections.refused)
        metrics.counter(
            "leafd_commands_total", "Requests, by their command.", byName(stats.commands, "command"))
        let none = Dictionary(uniqueKeysWithValues: prefixes.map { ($0, Int64(0)) })
        metrics.counter(
            "leafd_errors_total", "Error replies, by their prefix.",
            byName(stats.errors.merging(none) { count, _ in count }, "prefix"))
        addDurations(stats.requestHistogram, to: &metrics)
    }

    private static func addDurations(_ histogram: StatsHistogram, to metrics: inout Exposition) {
        guard !histogram.upTo.isEmpty, histogram.upTo.count == histogram.counts.count else { return }
        var samples = zip(histogram.upTo, histogram.counts).map { bound, count in
            MetricSample(
                count, MetricText.label("le", MetricText.number(Double(bound) / 1_000_000)), suffix: "_bucket")
        }
        samples.append(MetricSample(histogram.total, MetricText.label("le", "+Inf"), suffix: "_bucket"))
        samples.append(MetricSample(number: histogram.sum / 1_000_000, suffix: "_sum"))
        samples.append(MetricSample(histogram.total, suffix: "_count"))
        metrics.add(
            MetricFamily(
                name: "leafd_request_duration_seconds", kind: .histogram,
                help: "From a request's arrival to its answer.", samples: samples))
    }

    static func addIDs(_ stats: StatsDocument, to metrics: inout Exposition) {
        metrics.gauge("leafd_tags", "Tags that leafd knows.", stats.tagsTotal)
        guard stats.tellsOfAllTags else { return }
        let ids = stats.ids
        metrics.counter("leafd_ids_issued_total", "IDs issued, of all tags.", ids.issued)
        metrics.counter("leafd_ids_requests_served_total", "Requests answered with IDs.", ids.served)
        metrics.counter("leafd_ids_requests_failed_total", "Requests for IDs answered with an error.", ids.failed)
        metrics.counter("leafd_ids_waits_total", "Requests that had to wait for a lease or a commit.", ids.waits)
        metrics.counter("leafd_ids_lost_total", "IDs given up in crashes.", ids.lost)
        metrics.gauge("leafd_ids_stock", "IDs in hand, of all tags.", ids.stock)
        metrics.gauge("leafd_ids_waiting", "Requests that wait now.", ids.waiting)
        metrics.gauge(
            "leafd_ids_runway_seconds", "How long the stock lasts of the tag whose stock ends first.",
            seconds: ids.runwaySeconds)
    }
}
