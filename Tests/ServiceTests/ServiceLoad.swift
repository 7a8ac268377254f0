import Foundation
import LeafClient
import LeafTestKit
import Testing

/// Clients that ask for IDs all the while, and what became of every request.
final class ServiceLoad: Sendable {
    /// How a client deals with connections.
    enum Manner: Hashable, Sendable {
        /// A new connection for every request; a broken one is a failure.
        case newConnections
        /// A new connection for every request; a request whose connection breaks is repeated once.
        case newConnectionsWithRetry
        /// One connection for all; a request on which it breaks is repeated once on another.
        case oneConnection
    }

    struct Figures: Sendable {
        var requests = 0
        /// Requests that were repeated.
        var repeated = 0
        var failures: [String] = []
        var longestWait = Duration.zero
    }

    private let path: String
    private let tag = "orders"
    private let collector = IDCollector()
    private let isOver = TestLock(false)
    private let tallies = TestLock<[Manner: Figures]>([:])

    /// Between two requests of a client: enough load to be met by every stop, and room for leafd on two cores.
    private static let pause = Duration.milliseconds(1)

    /// - Parameter path: the socket, which must be there all the while.
    init(path: String) {
        self.path = path
    }

    /// Lets 16 clients work, half of them in either manner, while `body` runs.
    func run<R>(_ manners: [Manner], while body: () throws -> R) rethrows -> R {
        let crew = Crew(16) { number in self.work(number, manners[number % manners.count]) }
        defer {
            isOver.with { $0 = true }
            crew.join()
        }
        return try body()
    }

    /// Waits until every client's next requests have been answered: `count` of them in all.
    func serveMore(_ count: Int = 500) throws {
        let before = requests
        try eventually("\(count) more requests are answered", within: .seconds(60)) {
            requests >= before + count
        }
    }

    var requests: Int { tallies.with { $0.values.reduce(0) { $0 + $1.requests } } }
    /// What the clients of one manner have met.
    func figures(_ manner: Manner) -> Figures { tallies.with { $0[manner] ?? Figures() } }
    /// IDs that came twice, that are none, or that went down within one client.
    var faults: [String] { collector.faults }

    /// Holds that no request has failed and no ID came twice, and says the figures.
    func expectNoFailure(_ what: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(faults == [], sourceLocation: sourceLocation)
        for (manner, found) in tallies.with({ $0 }).sorted(by: { "\($0.key)" < "\($1.key)" }) {
            figure(
                """
                \(what), \(manner): \(found.requests) requests, \(found.repeated) repeated, \(found.failures.count) failed, \
                longest wait \(found.longestWait), \(faults.count) duplicates among \(collector.count) IDs
                """)
            #expect(found.requests > 0, sourceLocation: sourceLocation)
            #expect(found.failures == [], "\(manner)", sourceLocation: sourceLocation)
        }
    }

    // MARK: A client

    private func work(_ number: Int, _ manner: Manner) {
        var connection: LeafConnection?
        while !isOver.with({ $0 }) {
            let start = ContinuousClock.now
            var repeated = false
            let answer: Result<Int64, LeafClientError>
            switch ask(&connection) {
            case .success(let id): answer = .success(id)
            case .failure(let error) where manner != .newConnections && ServiceLoad.isBreak(error):
                repeated = true
                connection = nil
                answer = ask(&connection)
            case .failure(let error): answer = .failure(error)
            }
            if manner != .oneConnection { connection = nil }
            if case .failure = answer { connection = nil }
            note(answer, of: number, manner, repeated: repeated, after: start.duration(to: .now))
            pauseThread(ServiceLoad.pause)
        }
    }

    private func ask(_ connection: inout LeafConnection?) -> Result<Int64, LeafClientError> {
        do throws(LeafClientError) {
            if let connection { return .success(try connection.next(tag)) }
            let made = try LeafConnection(path: path, timeout: .seconds(30))
            connection = made
            return .success(try made.next(tag))
        } catch {
            return .failure(error)
        }
    }

    /// Whether the connection broke, or leafd said that it is about to.
    private static func isBreak(_ error: LeafClientError) -> Bool {
        switch error.code {
        case .closed, .system(errno: EPIPE), .system(errno: ECONNRESET), .rejected(prefix: "SHUTDOWN"):
            true
        default: false
        }
    }

    private func note(
        _ answer: Result<Int64, LeafClientError>, of number: Int, _ manner: Manner, repeated: Bool,
        after wait: Duration
    ) {
        if case .success(let id) = answer { collector.record([id], thread: number) }
        tallies.with { tallies in
            var found = tallies[manner] ?? Figures()
            found.requests += 1
            if repeated { found.repeated += 1 }
            if case .failure(let error) = answer, found.failures.count < 100 {
                found.failures.append("\(error.code): \(error)")
            }
            found.longestWait = max(found.longestWait, wait)
            tallies[manner] = found
        }
    }
}
