internal import Glibc
internal import LeafClient
internal import LeafCore
internal import LeafProtocol

/// What leafd told at one moment.
struct StatsSnapshot {
    var document: StatsDocument
    /// nil: it did not say.
    var health: HealthAnswer?
    /// When it was asked, by this host's wall clock.
    var time: UTCTime
}

/// What leafd says of its own health.
struct HealthAnswer: Hashable {
    enum State: String, CaseIterable {
        case healthy, degraded, unhealthy
    }

    let state: State
    /// Empty if all is well.
    let reason: String
}

extension HealthAnswer {
    /// nil for what is no answer to HEALTH.
    init?(_ reply: Reply) {
        switch reply {
        case .simple(let text) where text == "OK":
            self.init(state: .healthy, reason: "")
        case .simple(let text) where text == "DEGRADED" || text.hasPrefix("DEGRADED "):
            self.init(state: .degraded, reason: String(text.dropFirst("DEGRADED ".count)))
        case .error("UNHEALTHY", let message):
            self.init(state: .unhealthy, reason: message)
        default:
            return nil
        }
    }
}

extension UTCTime {
    static var now: UTCTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UTCTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

extension StatsDocument {
    /// An older leafd has no figures of all tags together; the zeros in their place would look like an idle one.
    var tellsOfAllTags: Bool { !requestHistogram.upTo.isEmpty }
}

extension StatsSnapshot {
    static let requests = [["STATS"], ["HEALTH"]]

    /// - Parameter replies: to `requests`.
    /// - Throws: `LeafClientError` if leafd refused, `StatsError` if it speaks otherwise.
    init(replies: [Reply], at time: UTCTime, from path: String) throws {
        if case .error(let prefix, let message) = replies[0] {
            throw LeafClientError(.rejected(prefix: prefix), socketPath: path, "\(prefix) \(message)")
        }
        guard let text = replies[0].text else {
            throw LeafClientError.unexpected(replies[0], to: "STATS", from: path)
        }
        self.init(
            document: try StatsDocument(json: text), health: replies.count > 1 ? HealthAnswer(replies[1]) : nil,
            time: time)
    }
}

extension LeafConnection {
    func snapshot() throws -> StatsSnapshot {
        let time = UTCTime.now
        return try StatsSnapshot(replies: try pipeline(StatsSnapshot.requests), at: time, from: path)
    }

    /// Every tag, page by page, in the order of their names. Each comes once, though tags may be created and dropped between
    /// two pages: Prometheus refuses a file with a series that comes twice.
    func statsOfAllTags() throws -> [TagStats] {
        var tags: [TagStats] = []
        var seen: Set<[UInt8]> = []
        var cursor: String? = "0"
        while let here = cursor {
            let reply = try answer(to: ["STATS", "ALL", here])
            guard let text = reply.text else { throw LeafClientError.unexpected(reply, to: "STATS ALL", from: path) }
            let page = try StatsPage(json: text)
            tags += page.tags.filter { seen.insert(Array($0.tag.utf8)).inserted }
            // A cursor that stands still would be asked for without end.
            cursor = page.cursor == here ? nil : page.cursor
        }
        return tags
    }
}
