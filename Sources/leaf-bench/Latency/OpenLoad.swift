/// An open load: so many requests a second over so many connections, whatever the replies do.
struct OpenLoad: Sendable {
    var requestsPerSecond: Double
    var spacing = Arrivals.Spacing.even
    var connections: Int
    /// Each with its share of the connections and of the rate.
    var threads = 1
    /// Connection n asks for tag n, and over again.
    var tags: [String]

    /// How long to go on waiting for replies once the last request has been sent.
    static let patience = Duration.seconds(10)

    struct Report: Sendable {
        /// From when a request was due until its reply was read.
        var latency = Histogram()
        /// From when a request was sent until its reply was read: less the generator's own error.
        var service = Histogram()
        /// From when a request was due until it was handed to the kernel: the generator's own error, which the latency
        /// contains.
        var lateness = Histogram()
        /// Error replies, and requests without any.
        var errors = 0
        var firstError: String?

        mutating func merge(_ other: Report) {
            latency.merge(other.latency)
            service.merge(other.service)
            lateness.merge(other.lateness)
            errors += other.errors
            firstError = firstError ?? other.firstError
        }
    }

    /// Runs it.
    ///
    /// - Parameters:
    ///   - warmUp: how long it runs before anything is recorded.
    ///   - duration: how long after that.
    func run(socketPath: String, warmUp: Duration, duration: Duration) throws -> Report {
        precondition(connections >= threads && threads > 0 && !tags.isEmpty)
        let load = self
        // Time for the threads to connect.
        let start = MonotonicClock.now() + 20_000_000 + Int64(connections) * 100_000
        let reports = try Threads.run(threads) { number in
            var worker = try OpenLoadWorker(load, thread: number, socketPath: socketPath)
            return try worker.run(start: start, warmUp: warmUp, duration: duration)
        }
        return reports.dropFirst().reduce(into: reports[0]) { $0.merge($1) }
    }
}

/// One thread of an open load.
private struct OpenLoadWorker {
    private let sockets: [LoadSocket]
    private let requests: [[UInt8]]
    private var set: SocketSet
    private var arrivals: Arrivals
    /// For each connection, when its unanswered requests were due, and when they were sent.
    private var waiting: [Queue<(due: Int64, sent: Int64)>]
    private var unanswered = 0
    private var report = OpenLoad.Report()
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    /// The last of a sleep is spent looking, since a sleep ends late.
    private static let spin: Int64 = 10_000

    init(_ load: OpenLoad, thread: Int, socketPath: String) throws {
        TimerSlack.remove()
        let numbers = stride(from: thread, to: load.connections, by: load.threads)
        sockets = try numbers.map { _ in try LoadSocket(path: socketPath) }
        requests = numbers.map { Array("NEXT \(load.tags[$0 % load.tags.count])\n".utf8) }
        set = try SocketSet(sockets)
        arrivals = Arrivals(
            requestsPerSecond: load.requestsPerSecond, load.spacing, thread: thread, of: load.threads)
        waiting = sockets.map { _ in Queue() }
    }

    mutating func run(start: Int64, warmUp: Duration, duration: Duration) throws -> OpenLoad.Report {
        let recorded = start + warmUp.inNanoseconds
        let end = recorded + duration.inNanoseconds
        let giveUp = end + OpenLoad.patience.inNanoseconds
        var due = start + arrivals.next()
        var turn = 0
        while due < end || unanswered > 0 {
            var now = MonotonicClock.now()
            while due <= now && due < end {
                let sent = try send(turn, due: due)
                if due >= recorded { report.lateness.record(sent - due) }
                turn = (turn + 1) % sockets.count
                due = start + arrivals.next()
                now = MonotonicClock.now()
            }
            if now >= giveUp { break }
            let until = due < end ? due : giveUp
            if set.wait(nanoseconds: max(0, until - now - OpenLoadWorker.spin)) {
                try receive(recordedFrom: recorded)
            }
        }
        report.errors += unanswered + sockets.reduce(0) { $0 + $1.errors }
        report.firstError = sockets.lazy.compactMap(\.firstError).first
        return report
    }

    /// Returns when it was sent: the time before the call, within which leafd may answer already.
    private mutating func send(_ index: Int, due: Int64) throws -> Int64 {
        let now = MonotonicClock.now()
        waiting[index].append((due, now))
        unanswered += 1
        try requests[index].withUnsafeBytes { try sockets[index].send($0) }
        if sockets[index].hasUnsent { set.wantWriting(index, true) }
        return now
    }

    private mutating func receive(recordedFrom recorded: Int64) throws {
        for index in sockets.indices where set.isReady(index) {
            if sockets[index].hasUnsent {
                try sockets[index].sendRest()
                set.wantWriting(index, sockets[index].hasUnsent)
            }
            let replies = try buffer.withUnsafeMutableBytes { try sockets[index].receive($0) }
            let now = MonotonicClock.now()
            unanswered -= replies
            for _ in 0..<replies {
                let (due, sent) = try waiting[index].removeFirst()
                guard due >= recorded else { continue }
                report.latency.record(now - due)
                report.service.record(now - sent)
            }
        }
    }
}

/// What waits for the replies of a connection, the oldest first.
struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() throws -> Element {
        guard head < elements.count else { throw Problem("leafd has sent a reply that nobody asked for") }
        defer {
            head += 1
            if head == elements.count {
                elements.removeAll(keepingCapacity: true)
                head = 0
            }
        }
        return elements[head]
    }
}

extension Duration {
    var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
