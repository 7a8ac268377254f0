internal import LeafProtocol

/// Each metric of a tag, of all tags that this leafd has had to do with.
///
/// Of a hundred thousand tags in the table a host may serve a hundred: a million zeros of the others would say nothing but
/// that, and `leafd_tags` counts them.
enum TagMetrics {
    static func add(_ tags: [TagStats], to metrics: inout Exposition) {
        let labelled = tags.filter(\.hasBeenUsed).map { (label: MetricText.label("tag", $0.tag), stats: $0) }
        func samples(_ value: (TagStats) -> Int64?) -> [MetricSample] {
            labelled.compactMap { tag in value(tag.stats).map { MetricSample($0, tag.label) } }
        }
        func numbers(_ value: (TagStats) -> Double?) -> [MetricSample] {
            labelled.compactMap { tag in value(tag.stats).map { MetricSample(number: $0, tag.label) } }
        }
        metrics.counter("leafd_tag_ids_issued_total", "IDs issued.", samples(\.issued))
        metrics.counter("leafd_tag_requests_served_total", "Requests answered with IDs.", samples(\.served))
        metrics.counter("leafd_tag_requests_failed_total", "Requests answered with an error.", samples(\.failed))
        metrics.counter(
            "leafd_tag_waits_total", "Requests that had to wait for a lease or a commit.", samples(\.waits))
        metrics.counter("leafd_tag_segment_loads_total", "Leases of a segment.", samples(\.segmentLoads))
        metrics.counter("leafd_tag_segment_load_failures_total", "Leases that failed.", samples(\.loadFailures))
        metrics.counter(
            "leafd_tag_segment_switches_total", "How often a segment was used up and the next one taken.",
            samples(\.bufferSwitches))
        metrics.counter("leafd_tag_ids_lost_total", "IDs given up in crashes.", samples(\.lost))
        metrics.counter(
            "leafd_tag_ids_abandoned_total", "IDs passed over because they were too few in a row for an INCRBY.",
            samples(\.abandoned))
        metrics.gauge("leafd_tag_stock", "IDs in hand.", samples(\.stock))
        metrics.gauge(
            "leafd_tag_runway_seconds", "How long the stock lasts at this rate; absent while nobody asks.",
            numbers(\.runwaySeconds))
        metrics.gauge("leafd_tag_waiting", "Requests that wait now.", samples(\.waiting))
        metrics.gauge("leafd_tag_segments", "Segments in hand.", samples { Int64($0.segments.count) })
        metrics.gauge(
            "leafd_tag_segment_used_ratio", "How much of the current segment is used, 0 to 1.",
            numbers { $0.segments.first?.usedRatio })
        metrics.gauge("leafd_tag_step", "IDs that the next lease asks for.", samples(\.nextStep))
        metrics.gauge(
            "leafd_tag_last_load_seconds", "How long the last lease took.",
            numbers { $0.lastLoadMilliseconds.map(LeafMetrics.seconds) })
    }
}

extension TagStats {
    /// Whether anybody has asked for it since the start, or left stock of it.
    fileprivate var hasBeenUsed: Bool {
        [issued, failed, stock, segmentLoads, loadFailures, waiting, lost].contains { $0 != 0 }
    }
}
