internal import CLeafPlatform
internal import LeafCore
internal import Synchronization

/// Unique 64-bit IDs from the leafd of this host, for any number of tasks and threads at once.
///
/// All of them share one connection: requests go out back to back, and replies are matched in order. It is made at the
/// first request, and made again when leafd restarts; requests that were under way are asked again, so that a restart shows
/// as a short wait and nothing else. IDs that were issued and never arrived are gaps.
///
/// Asynchronous code calls the methods of the client, other code those of ``blocking``. Each call has a deadline: ``timeout``.
///
/// After a `fork` the child has the client too, with a connection of its own: see <doc:Forking>.
public final class LeafClient: Sendable {
    /// How many requests may be under way at once, unless the initializer is told otherwise.
    public static let defaultOutstandingMax = 65_536

    /// The path of leafd's Unix socket.
    public let socketPath: String
    /// How long a call may take in all, and waits for a leafd that is being restarted.
    public let timeout: Duration
    /// How many requests may be under way at once in this process. One more gets
    /// ``LeafClientError/Code/tooManyRequests``, at once: so a stalled daemon cannot fill the memory of its clients.
    public let outstandingMax: Int

    /// The link of this process, retained, as an address. Replaced by the first call in a forked child, whose parent's link
    /// may be locked for ever by a thread that the child does not have.
    private let current: Atomic<UInt>

    /// A client, which connects at its first request.
    ///
    /// - Parameters:
    ///   - socketPath: of leafd's Unix socket, 1 to 107 bytes; ``LeafSocket/defaultPath`` if it is left out.
    ///   - timeout: for each call. The default of 2 seconds is above leafd's own `segments.wait-timeout` of 1 second, so
    ///     that its error arrives, which says more.
    ///   - outstandingMax: how many requests may be under way at once, at least 1.
    public init(
        socketPath: String = LeafSocket.defaultPath, timeout: Duration = .seconds(2),
        outstandingMax: Int = LeafClient.defaultOutstandingMax
    ) {
        precondition(outstandingMax >= 1, "outstandingMax is \(outstandingMax): give at least 1")
        self.socketPath = socketPath
        self.timeout = timeout
        self.outstandingMax = outstandingMax
        let link = Link(path: socketPath, callsMax: outstandingMax)
        current = Atomic(UInt(bitPattern: Unmanaged.passRetained(link).toOpaque()))
    }

    deinit {
        let link = LeafClient.link(at: current.load(ordering: .acquiring))
        // A parent's link stays where it is: its descriptors' numbers may be somebody else's by now.
        guard link.takeUnretainedValue().process == leaf_process() else { return }
        link.takeRetainedValue().close()
    }

    /// Ends the connection and its thread. Calls that are under way, and later ones, fail with
    /// ``LeafClientError/Code/closed``. The last reference to a client does the same by going away.
    public func close() {
        link.close()
    }

    /// The link of this process.
    var link: Link {
        while true {
            let address = current.load(ordering: .acquiring)
            let link = LeafClient.link(at: address).takeUnretainedValue()
            if link.process == leaf_process() { return link }
            let fresh = Unmanaged.passRetained(Link(path: socketPath, callsMax: outstandingMax))
            let isMine = current.compareExchange(
                expected: address, desired: UInt(bitPattern: fresh.toOpaque()), ordering: .acquiringAndReleasing
            ).exchanged
            // The parent's link is left as it is: it may be locked, and its thread is not here.
            if !isMine { fresh.release() }
        }
    }

    private static func link(at address: UInt) -> Unmanaged<Link> {
        .fromOpaque(UnsafeRawPointer(bitPattern: address)!)
    }
}

// MARK: - What the asynchronous and the blocking calls share

extension LeafClient {
    /// Asks for something, and calls back on the link's thread, or at once on this one if it cannot be asked for.
    func ask(_ request: Request, within timeout: Duration, _ handler: @escaping @Sendable (Call.Outcome) -> Void) {
        link.submit(Call(request, within: timeout), .handler(handler))
    }

    func check(tag: String) throws(LeafClientError) {
        // Most are plain ASCII; the rest is asked of Unicode.
        if 1...Tag.maxLength ~= tag.utf8.count && tag.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) { return }
        do throws(TagError) {
            _ = try Tag(tag)
        } catch {
            throw LeafClientError(.invalidRequest, socketPath: socketPath, "\(error)")
        }
    }

    func check(count: Int) throws(LeafClientError) {
        if 1...LeafClient.countMax ~= count { return }
        throw LeafClientError(
            .invalidRequest, socketPath: socketPath,
            "\(count) IDs cannot be asked for: give 1 to \(LeafClient.countMax), and at most leafd's server.max-batch")
    }

    /// What a reply can carry at all; the daemon's own limit, `server.max-batch`, is 100,000 by default.
    private static let countMax = ReplyParser.maxElements / 2

    func id(_ reply: Reply, _ request: Request) throws(LeafClientError) -> Int64 {
        guard case .integer(let id) = reply, id >= 1 else { throw wrong(reply, request) }
        return id
    }

    func ids(_ reply: Reply, _ request: Request, _ count: Int) throws(LeafClientError) -> [Int64] {
        guard let ids = reply.integers, ids.count == count, ids.allSatisfy({ $0 >= 1 }) else {
            throw wrong(reply, request)
        }
        return ids
    }

    func ranges(_ reply: Reply, _ request: Request, _ count: Int) throws(LeafClientError) -> [ClosedRange<Int64>] {
        guard let ranges = reply.ranges(together: Int64(count)) else { throw wrong(reply, request) }
        return ranges
    }

    func health(_ reply: Reply) throws(LeafClientError) -> LeafHealth {
        guard let health = LeafHealth(reply) else { throw wrong(reply, .health) }
        return health
    }

    func expectPong(_ reply: Reply) throws(LeafClientError) {
        guard reply == .simple("PONG") else { throw wrong(reply, .ping) }
    }

    private func wrong(_ reply: Reply, _ request: Request) -> LeafClientError {
        reply.isError ? .rejection(reply, at: socketPath) : .unexpected(reply, to: request.name, from: socketPath)
    }
}
