import Foundation
import LeafCore
import LeafJournal
import LeafStore
import LeafTestKit
import LeafThreads
import Logging

@testable import LeafEngine

/// Takes the answers of parked requests, for a test that waits for them.
final class Inbox: AnswerReceiver {
    let answers = Mailbox<[ParkedAnswer]>([])

    func deliver(_ new: [ParkedAnswer]) {
        answers.post {
            $0 += new
            return true
        }
    }

    func wait(for token: ParkToken) -> ParkedAnswer.Outcome {
        answers.wait { answers, _ in
            answers.first { $0.token == token }.map { .done($0.outcome) } ?? .wait(until: nil)
        }
    }
}

func isLocked(_ error: any Error) -> Bool { (error as? JournalError)?.code == .locked }

/// An engine with its client.
final class Running {
    let engine: Engine
    private let inbox = Inbox()
    private let receiver: Int32
    private var tickets: UInt64 = 0

    init(
        _ folder: TemporaryFolder, _ store: FakeStore, journal: String = "journal", table: String = "leaf_alloc",
        autoCreate: Bool = false, tags: [NewTag] = [], warm: [LeafCore.Tag] = [], beat: Duration = .seconds(30),
        pool: StorePool = StorePool(), alarmPeriod: Duration = .seconds(60),
        snowflake: SnowflakeSettings = SnowflakeSettings(),
        log: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) throws {
        let settings = EngineSettings(
            rules: StockRules(
                step: StepPolicy(
                    minStep: 100, maxStep: 1_000_000, adjustRatio: 2, shortLife: .seconds(900),
                    longLife: .seconds(1800)),
                preloadThreshold: 0.1, reserve: .zero, maxSegments: 1000, window: .seconds(1),
                failoverGap: 1_000_000),
            journalPath: folder.file(journal), journalMapBytes: 64 << 20,
            verifyJournal: { Journal.verify(path: $0) }, witnessFolder: folder.memory, afterReboot: .serve,
            storePlace: StorePlace(url: store.redactedURL, table: table), beat: beat, autoCreate: autoCreate,
            tunables: EngineTunables(maxParked: 100, tags: tags, warm: warm), pool: pool,
            alarmPeriod: alarmPeriod, snowflake: snowflake)
        engine = try patiently(while: isLocked) {
            try Engine(settings: settings, store: store, log: log)
        }
        receiver = engine.register(inbox)
    }

    enum Answer: Equatable {
        case ids([IDRange])
        case refused(Refusal)
    }

    /// Asks once, and waits for the answer.
    func ask(_ name: String, _ count: Int64 = 1) throws -> Answer {
        var bytes = name
        let lookup = bytes.withUTF8 { engine.find(UnsafeRawBufferPointer($0)) }
        switch lookup {
        case .invalid(let error): throw error
        case .refused(let refusal, _): return .refused(refusal)
        case .found(let entry):
            tickets += 1
            let token = ParkToken(receiver: receiver, ticket: tickets)
            var ranges: [IDRange] = []
            switch entry.request(Demand(count: count), token: token, ranges: &ranges) {
            case .taken: return .ids(ranges)
            case .refused(let refusal): return .refused(refusal)
            case .parked:
                switch inbox.wait(for: token) {
                case .ids(let ranges): return .ids(ranges)
                case .refused(let refusal): return .refused(refusal)
                case .again: throw TestProblem("a tag does not ask to be asked again")
                }
            }
        }
    }

    /// Asks for one ID, and does not wait: its answer comes later.
    func park(_ name: String, _ count: Int64 = 1) throws -> ParkToken {
        var bytes = name
        guard case .found(let entry) = bytes.withUTF8({ engine.find(UnsafeRawBufferPointer($0)) }) else {
            throw TestProblem("the engine does not know \(name)")
        }
        tickets += 1
        let token = ParkToken(receiver: receiver, ticket: tickets)
        var ranges: [IDRange] = []
        let verdict = entry.request(Demand(count: count), token: token, ranges: &ranges)
        guard verdict == .parked else { throw TestProblem("\(name) is not waited for: \(verdict)") }
        return token
    }

    var tagsWithStock: Int {
        let now = MonotonicTime.now()
        return engine.entries.count { $0.snapshot(now: now).stock > 0 }
    }

    /// The answer to a request that was parked, if it has come.
    func answer(_ token: ParkToken) -> ParkedAnswer.Outcome? {
        inbox.answers.with { answers in answers.first { $0.token == token }?.outcome }
    }

    enum Snowflake: Equatable {
        case id(Int64)
        case refused(SnowflakeRefusal)
        /// There is no worker id: why.
        case none(String)
    }

    /// Asks for a snowflake, and waits for the answer.
    func snowflake() throws -> Snowflake {
        for _ in 0..<1000 {
            tickets += 1
            let token = ParkToken(receiver: receiver, ticket: tickets)
            var ranges: [IDRange] = []
            let verdict = engine.snowflake.first?.take(1, token: token, ranges: &ranges) ?? .gone
            switch verdict {
            case .taken: return .id(ranges[0].first)
            case .refused(let refusal): return .refused(refusal)
            case .wait(let microseconds): pauseThread(.microseconds(microseconds))
            case .parked: _ = inbox.wait(for: token)
            case .gone:
                switch engine.wantWorker(token) {
                case .refused(let why): return .none(why)
                case .tooManyParked: throw TestProblem("too many are parked")
                case .parked:
                    if case .refused = inbox.wait(for: token) { return .none(engine.snowflake.problem ?? "an outage") }
                }
            }
        }
        throw TestProblem("no answer after a thousand rounds")
    }

    /// Asks until the answer is an ID.
    func firstSnowflake() throws -> Int64 {
        var last: Snowflake?
        do {
            return try eventually("a snowflake", within: .seconds(60), every: .milliseconds(1)) {
                last = try snowflake()
                return if case .id(let id) = last { id } else { nil }
            }
        } catch {
            throw TestProblem("\(error); the last answer was \(last.map { "\($0)" } ?? "none")")
        }
    }

    /// Asks until the answer is IDs.
    func first(_ name: String) throws -> Int64 {
        try eventually("IDs of \(name)", every: .zero) {
            if case .ids(let ranges) = try ask(name) { ranges[0].first } else { nil }
        }
    }
}

/// The journal of a stopped engine.
extension TemporaryFolder {
    func journal() throws -> Journal {
        try patiently(while: isLocked) {
            try Journal(path: file("journal"), mapBytes: 64 << 20, verify: { Journal.verify(path: $0) })
        }
    }

    func header() throws -> JournalHeader { try journal().header }

    /// What a boot leaves: a journal of an earlier boot, and nothing in memory.
    func reboot() throws {
        try rewriteHeader { $0.host.bootID = "an earlier boot" }
        for name in try FileManager.default.contentsOfDirectory(atPath: memory) {
            try FileManager.default.removeItem(atPath: memory + "/" + name)
        }
    }

    func rewriteHeader(_ change: (inout JournalHeader) -> Void) throws {
        let journal = try journal()
        var header = journal.header
        change(&header)
        try journal.commit([], header: header)
    }
}

/// Waits until something is so, and lets the thread go in between. The count of turns only guards against hanging: time means
/// nothing where other tests hold the threads.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<30_000 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(1))
    }
    throw TestProblem("it never came to this: \(what)")
}
