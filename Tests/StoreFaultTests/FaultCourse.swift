import LeafClient
import LeafTestKit
import Testing

/// What befalls a store, or the way to it.
struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    /// What it needs beside the usual. Then its daemons are its own.
    var settings: [String] = []
    /// Left to the long form: much like another.
    var isForLong = false
    /// HEALTH must have one of these while it lasts. Empty: the store answers now and then.
    var named: [String] = []
    /// What HEALTH says for a while afterwards. Then its daemons are its own.
    var aftermath: String?
    /// Begins it, and returns what mends it.
    let begin: @Sendable (FaultBench) throws -> @Sendable () throws -> Void
    /// Puts back for the next fault what has been mended in another way.
    var afterwards: (@Sendable (FaultBench) throws -> Void)?
    /// Done again and again while it lasts.
    var again: (@Sendable (FaultBench) throws -> Void)?

    var testDescription: String { name }
    var isApart: Bool { !settings.isEmpty || aftermath != nil }
}

/// Something done on a thread of its own, again and again, until it is told to end.
final class Repetition: Sendable {
    private let isOver = TestLock(false)
    private let problem = TestLock<(any Error)?>(nil)
    private let crew: Crew

    init(every pause: Duration, _ body: @escaping @Sendable () throws -> Void) {
        crew = Crew(1) { [isOver, problem] _ in
            while !isOver.with({ $0 }) {
                do {
                    try body()
                } catch {
                    problem.with { $0 = error }
                }
                pauseThread(pause)
            }
        }
    }

    func end() throws {
        isOver.with { $0 = true }
        crew.join()
        if let error = problem.with({ $0 }) { throw error }
    }

    deinit {
        isOver.with { $0 = true }
        crew.join()
    }
}

/// The clients of one daemon.
struct Clients: Sendable {
    /// Of `hot` and `cold`, one request at a time.
    let singles = Traffic()
    /// Of `hot`, in batches.
    let batches: Load
    /// Of `tiny`.
    let poor = Traffic()

    init(_ bench: FaultBench) {
        batches = Load(collector: bench.ids("hot"))
    }

    var phase: Traffic.Phase {
        get { singles.phase }
        nonmutating set { (singles.phase, poor.phase) = (newValue, newValue) }
    }
}

extension FaultBench {
    /// How long a fault lasts at least: longer than a call may take, so that it is noticed.
    static let faultTime: Duration = soakScale > 1 ? .seconds(6) : .seconds(1)

    /// The clients of the tests go through a fault: before, meanwhile, and after.
    ///
    /// The first daemon lives through it, and clients that ask for what it has in stock notice nothing; the others are
    /// refused. The second is killed and stopped in the middle of it, and must go on from its journal both times.
    func outlive(_ fault: Fault) throws {
        let what: Comment = "\(kind), \(fault.name)"
        let (issuedBefore, linesBefore) = (issued, daemons[0].failureLines.count)
        let clients = daemons.map { _ in Clients(self) }
        let result = try run(clients) {
            try eventually("there is stock", every: .milliseconds(20)) {
                try daemons.allSatisfy {
                    let tags = try Stats($0).tags
                    return tags.contains { $0.tag == "hot" && $0.stock > 100_000 }
                        && tags.contains { $0.tag == "tiny" && $0.stock > 100 }
                }
            }
            clients.forEach { $0.phase = .before }
            try serveMore(200)
            let connected = connections
            clients.forEach { $0.phase = .during }
            let mend = try during(fault, clients)
            let connections = self.connections - connected
            let recovery = try recover(mend)
            clients.forEach { $0.phase = .after }
            try serveMore(500)
            for daemon in daemons { try expectMended(daemon, fault) }
            return (recovery: recovery, connections: connections)
        }
        FaultTable.add(
            FaultTable.Row(
                store: kind, fault: fault.name, issued: issued - issuedBefore, duplicates: duplicates,
                waits: clients[0].singles.waits, poorWait: clients[0].poor.waits.during, recovery: result.recovery,
                connections: result.connections))
        try expectUnique(what)
        let refusals = ["EXHAUSTED", "TIMEOUT"]
        #expect(clients[0].singles.errors == [:], what)
        #expect(clients[0].batches.errors == [:], what)
        #expect(clients[0].poor.errors.filter { !refusals.contains($0.key) } == [:], what)
        let breaks = ["closed", "notRunning", "noSocket", "SHUTDOWN", "system"]
        for errors in [clients[1].singles.errors, clients[1].batches.errors] {
            #expect(errors.filter { error in !breaks.contains { error.key.hasPrefix($0) } } == [:], what)
        }
        try expectNoSecrets([ServerUser.password, Fault.otherPassword])
        // Told once, and not at every try: at most the first of each kind of failure.
        let lines = daemons[0].failureLines.dropFirst(linesBefore)
        #expect(lines.count <= 6, "\(what): \(lines.joined(separator: "\n"))")
        try fault.afterwards?(self)
    }

    /// Runs the clients of all daemons while `body` runs on this thread.
    func run<R>(_ clients: [Clients], while body: () throws -> R) throws -> R {
        func run(from number: Int) throws -> R {
            guard number < daemons.count else { return try body() }
            let path = daemons[number].setup.socketPath
            let batches = (0..<2).map {
                LoadClient(
                    path: path, tag: "hot", thread: number * 10 + $0,
                    requests: Array(repeating: .next, count: 4) + [.nextMany(16), .lease(20)],
                    pause: .milliseconds(80))
            }
            func single(_ tag: String, _ pause: Duration) -> Traffic.Client {
                Traffic.Client(path: path, tag: tag, collector: ids(tag), thread: number * 10 + 2, pause: pause)
            }
            return try clients[number].batches.run(batches) {
                try clients[number].singles.run([single("hot", .milliseconds(3)), single("cold", .milliseconds(50))]) {
                    try clients[number].poor.run([single("tiny", .milliseconds(50))]) { try run(from: number + 1) }
                }
            }
        }
        return try run(from: 0)
    }

    /// Waits until the clients have been served more.
    func serveMore(_ count: Int) throws {
        let (hot, cold) = (ids("hot").count, ids("cold").count)
        try eventually("IDs go on coming") { ids("hot").count > hot + count && ids("cold").count > cold + 5 }
    }

    /// Begins the fault and lets it last. Returns what mends it.
    private func during(_ fault: Fault, _ clients: [Clients]) throws -> @Sendable () throws -> Void {
        let end = ContinuousClock.now.advanced(by: FaultBench.faultTime)
        let mend = try fault.begin(self)
        do {
            let repetition = fault.again.map { again in
                Repetition(every: .milliseconds(20)) { [self] in try again(self) }
            }
            try take(100)
            if !fault.named.isEmpty {
                for daemon in daemons { try expectNamed(daemon, fault) }
                try exhaust()
                let refused = clients[0].poor.errors["EXHAUSTED"] ?? 0
                try eventually("who finds no stock is told so") {
                    clients[0].poor.errors["EXHAUSTED"] ?? 0 > refused + 5
                }
                #expect(try daemons[0].health().hasPrefix("-UNHEALTHY no stock of tiny"), "\(kind), \(fault.name)")
            }
            try killAndStop(daemons[1])
            try serveMore(100)
            pauseThread(max(.zero, ContinuousClock.now.duration(to: end)))
            #expect(try Stats(daemons[0]).tag("hot").stock > 0, "\(kind), \(fault.name)")
            try repetition?.end()
        } catch {
            // The server is the next test's as well.
            try? mend()
            throw error
        }
        return mend
    }

    /// Takes the IDs of `tiny` that each daemon has: with every fault they may be more, since its step grows.
    private func exhaust() throws {
        let requests = Array(repeating: ["NEXT", "tiny", "10"], count: 100)
        for (number, daemon) in daemons.enumerated() {
            let leafd = try daemon.connect()
            while true {
                let batches = try leafd.pipeline(requests).compactMap(\.array)
                if batches.isEmpty { break }
                ids("tiny").record(batches.joined().compactMap(\.integer), thread: number * 10 + 3)
            }
        }
    }

    /// Takes IDs of `tiny` from each daemon, as far as it has them.
    private func take(_ count: Int) throws {
        for (number, daemon) in daemons.enumerated() {
            let leafd = try daemon.connect()
            for _ in 0..<count / 10 {
                guard let ids = try leafd.command("NEXT", "tiny", "10").array else { break }
                self.ids("tiny").record(ids.compactMap(\.integer), thread: number * 10 + 3)
            }
        }
    }

    private func expectNamed(_ daemon: LeafDaemon, _ fault: Fault) throws {
        try eventually("HEALTH says that something is wrong", every: .milliseconds(10)) { try daemon.health() != "+OK" }
        let first = try daemon.health()
        var health = first
        do {
            try eventually("HEALTH names it", within: .seconds(60), every: .milliseconds(10)) {
                health = try daemon.health()
                return fault.named.contains { health.lowercased().contains($0.lowercased()) }
            }
        } catch {
            Issue.record("\(kind), \(fault.name): HEALTH has none of \(fault.named): \(health)")
        }
        #expect(
            health.hasPrefix("+DEGRADED stock lasts") || health.hasPrefix("-UNHEALTHY no stock of tiny"), "\(health)")
        #expect(try Stats(daemon).store.up == false)
        if daemon === daemons[0] { figure("\(kind), \(fault.name): HEALTH says: \(health)") }
    }

    /// Killed and stopped, a daemon goes on from its journal while the store cannot be asked.
    private func killAndStop(_ daemon: LeafDaemon) throws {
        daemon.kill()
        try daemon.start()
        ids("hot").record([try daemon.next("hot")], thread: 101)
        #expect(try Stats(daemon).startedFrom == "proven")
        var exit: ChildProcess.Exit?
        let time = try elapsed { exit = try daemon.stop() }
        #expect(exit == .code(0))
        figure("\(kind): a daemon stops in \(time.short) meanwhile")
        try daemon.start()
        ids("hot").record([try daemon.next("hot")], thread: 101)
        #expect(try Stats(daemon).startedFrom == "proven")
    }

    /// Mends it, and waits until every daemon has leased again. Returns how long that took.
    private func recover(_ mend: () throws -> Void) throws -> Duration {
        try mend()
        // More than the stock that a short fault has left.
        try take(200)
        let before = daemons.indices.map { ids("tiny").count(ofThread: $0 * 10 + 2) }
        return try elapsed {
            try eventually("every daemon leases again", within: .seconds(60), every: .milliseconds(10)) {
                try daemons.indices.allSatisfy {
                    let more = ids("tiny").count(ofThread: $0 * 10 + 2) - before[$0]
                    return try more > 0 && Stats(daemons[$0]).store.up == true
                }
            }
        }
    }

    private func expectMended(_ daemon: LeafDaemon, _ fault: Fault) throws {
        if let aftermath = fault.aftermath {
            let health = try daemon.health()
            #expect(health == "+OK" || health.contains(aftermath), "\(kind), \(fault.name)")
        } else {
            try eventually("HEALTH says OK after \(fault.name)") { try daemon.health() == "+OK" }
        }
        #expect(try Stats(daemon).store.up == true)
    }
}
