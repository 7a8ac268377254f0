internal import LeafClient
internal import LeafCore

/// Asks leafd again and again over one connection, a new one after each failure, without ever waiting long: the keyboard has
/// to be looked at meanwhile.
final class WatchSource {
    enum Answer {
        case snapshot(StatsSnapshot)
        case failure(String)
    }

    private let options: ConnectionOptions
    private var leafd: LeafConnection?
    private var replies: [Reply] = []
    private var askedAt: ContinuousClock.Instant?
    /// To connect takes no time, or as long as leafd's queue of connections is full.
    private static let connectTimeout = Duration.milliseconds(250)

    init(_ options: ConnectionOptions) {
        self.options = options
    }

    var isAsking: Bool { askedAt != nil }

    /// Sends the question.
    ///
    /// - Returns: why that failed; nil: `answer` will tell.
    func ask() -> Answer? {
        do {
            let leafd = try leafd ?? connect()
            self.leafd = leafd
            replies = []
            askedAt = ContinuousClock.now
            try leafd.send(StatsSnapshot.requests)
            return nil
        } catch {
            return failed(error)
        }
    }

    /// Waits a while for the answer.
    ///
    /// - Returns: nil: not yet.
    func answer(within limit: Duration) -> Answer? {
        guard let leafd, let asked = askedAt else { return nil }
        do {
            replies.append(try leafd.receive(within: limit))
            guard replies.count == StatsSnapshot.requests.count else { return nil }
            askedAt = nil
            return .snapshot(try StatsSnapshot(replies: replies, at: .now, from: leafd.path))
        } catch let error as LeafClientError {
            if error.code == .timeout && ContinuousClock.now - asked < options.timeout { return nil }
            return failed(error)
        } catch {
            return failed(error)
        }
    }

    private func connect() throws -> LeafConnection {
        var quick = options
        quick.timeout = min(options.timeout, WatchSource.connectTimeout)
        let leafd = try quick.connect()
        leafd.timeout = options.timeout
        return leafd
    }

    private func failed(_ error: any Error) -> Answer {
        leafd?.close()
        leafd = nil
        askedAt = nil
        return .failure((error as? LeafClientError)?.message ?? String(describing: error))
    }
}
