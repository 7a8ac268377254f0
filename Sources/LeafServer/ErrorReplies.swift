internal import LeafCore
internal import LeafEngine
internal import LeafStore

/// Every error of the protocol that is not about one command's syntax: prefix and text, in one place.
enum ErrorReplies {
    static func text(_ refusal: Refusal, tag: Tag) -> String {
        switch refusal {
        case .exhausted:
            "EXHAUSTED no stock of \(tag) and the central store does not answer: try again when HEALTH says OK"
        case .noTag:
            "NOTAG no such tag \(tag): create it with CREATE (or leafctl create)"
        case .overflow:
            "OVERFLOW the counter of \(tag) has reached its maximum: no further IDs can be leased"
        case .shutdown:
            "SHUTDOWN leafd is stopping: connect again and repeat the request"
        case .journalFailing:
            "UNHEALTHY the journal cannot be written, so nothing more of \(tag) may be issued: see HEALTH"
        case .tooManyParked:
            "ERR too many requests are waiting already (segments.max-parked): try again"
        case .noWorker:
            "NOWORKER this daemon holds no worker id"
        }
    }

    static let tooManyParkedOfUser =
        "ERR too many requests of this uid are waiting already (three quarters of segments.max-parked): try again"

    // MARK: Snowflakes

    /// - Parameter desk: knows why there is no worker id.
    static func text(_ refusal: Refusal, _ desk: SnowflakeDesk) -> String {
        switch refusal {
        case .journalFailing: text(.journalFailing)
        case .shutdown: text(.shutdown)
        case .tooManyParked: text(.tooManyParked)
        case .noWorker, .exhausted, .noTag, .overflow:
            noWorker(desk.problem ?? "the central store does not answer: see HEALTH")
        }
    }

    static func text(_ refusal: SnowflakeRefusal) -> String {
        switch refusal {
        case .leaseOver, .beforeEpoch: "CLOCK \(refusal)"
        case .timeOver: "OVERFLOW \(refusal)"
        case .tooMany, .tooManyParked: "ERR \(refusal)"
        case .journalFailing: "UNHEALTHY \(refusal)"
        case .shutdown: "SHUTDOWN \(refusal)"
        }
    }

    static func noWorker(_ why: String) -> String {
        singleLine("NOWORKER this daemon holds no worker id: \(why)")
    }

    static func noSuchWorker(_ worker: Int, held: [Int]) -> String {
        "NOWORKER worker id \(worker) is not this daemon's, which holds \(held.map(String.init).joined(separator: ", "))"
    }

    static func snowflakeTimeout(after: Duration) -> String {
        "TIMEOUT no snowflakes within \(Int(after.inMilliseconds)) ms (segments.wait-timeout): try again"
    }

    static func timeout(tag: Tag, after: Duration) -> String {
        "TIMEOUT no lease for \(tag) within \(Int(after.inMilliseconds)) ms (segments.wait-timeout): try again"
    }

    static func text(_ error: TagError) -> String { "ERR \(error)" }

    static func text(_ error: StoreError) -> String {
        let reply =
            switch error.code {
            case .noSuchTag: "NOTAG \(error.message)"
            case .tagExists, .conflict: "ERR \(error.message)"
            case .wentBackward:
                "UNHEALTHY the central store has lost commits, and nothing was changed: repeat the command once leafd has "
                    + "lifted the counters (\(error.message))"
            case .unavailable, .transient, .readOnly, .missing, .foreignStore, .misconfigured, .corrupt:
                "UNHEALTHY \(error.message)"
            }
        return singleLine(reply)
    }

    static let notAdmin =
        "NOPERM admin commands need root, leafd's own uid or one of socket.admin-uids"
    static let useAdminSocket =
        "NOPERM admin commands are taken on the admin socket alone (socket.admin-path)"

    static func noPermission(_ tag: Tag) -> String {
        "NOPERM the access rules do not let this uid use \(tag)"
    }

    /// An error reply is one line.
    static func singleLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}
