import Foundation
import LeafClient
import LeafTestKit
import Testing

/// A host under test: where its daemons keep their things, and every ID that any of them has issued.
final class Host: Sendable {
    /// What lasts as long as a boot, the witness, is in its second half, in memory.
    let folder = TemporaryFolder()
    let collector = IDCollector()
    /// IDs ascend within a daemon's life, so each life has a number of its own.
    private let lives = TestLock(1000)

    /// A daemon of this host.
    ///
    /// - Parameters:
    ///   - journal: its folder; nil: beside the other files.
    ///   - witness: the folder of its witness; nil: the host's.
    func setup(
        _ name: String = "leafd", journal: String? = nil, witness: String? = nil,
        tags: [String] = ["{name: orders, step: 1000}"], settings: [String] = []
    ) -> DaemonSetup {
        let own = [witness.map { "journal.witness=\($0)" }, journal.map { "journal.path=\($0)" }].compactMap(\.self)
        return DaemonSetup(in: folder, name: name, tags: tags, settings: own + settings)
    }

    /// What came of asking for IDs: them, and the prefixes of errors.
    typealias Answers = (ids: [Int64], refusals: Set<String>)

    /// Asks for IDs in every way there is, and keeps them. Who is refused gets none, which is no fault.
    @discardableResult
    func issue(_ socket: String, rounds: Int = 20) throws -> Answers {
        let life = lives.with { lives in
            lives += 1
            return lives
        }
        let answers = try Host.ask(socket, rounds: rounds)
        collector.record(answers.ids, thread: life)
        return answers
    }

    /// Asks for IDs in every way there is.
    static func ask(_ socket: String, rounds: Int = 20, tag: String = "orders") throws -> Answers {
        var answers: Answers = ([], [])
        let leafd = try LeafConnection(path: socket, timeout: .seconds(60))
        for _ in 0..<rounds {
            for words in [["NEXT", tag], ["NEXT", tag, "7"], ["LEASE", tag, "300"], ["INCRBY", tag, "5"]] {
                let reply = try leafd.command(words)
                if let prefix = reply.errorPrefix {
                    answers.refusals.insert(prefix)
                } else {
                    answers.ids += Host.ids(reply, to: words)
                }
            }
        }
        return answers
    }

    private static func ids(_ reply: Reply, to words: [String]) -> [Int64] {
        let numbers = reply.array?.compactMap(\.integer) ?? []
        switch words[0] {
        case "INCRBY":
            guard let last = reply.integer, let count = Int64(words[2]) else { return [] }
            return Array(last - count + 1...last)
        case "LEASE":
            return stride(from: 0, to: numbers.count - 1, by: 2).flatMap { Array(numbers[$0]...numbers[$0 + 1]) }
        default:
            return reply.integer.map { [$0] } ?? numbers
        }
    }

    /// Whether a daemon answers on a socket.
    func isAnswering(_ socket: String) -> Bool {
        (try? LeafConnection(path: socket, timeout: .seconds(30)).command("PING")) == .simple("PONG")
    }

    /// Waits until a daemon answers or has ended.
    func waitForAnswer(_ socket: String, from child: ChildProcess) throws {
        try eventually("leafd answers or ends", within: .seconds(60)) { child.exit() != nil || isAnswering(socket) }
    }

    /// Asks until IDs come, and for some more.
    func waitForIDs(_ socket: String, _ what: String = "IDs come", within limit: Duration = .seconds(60)) throws {
        try eventually(what, within: limit, every: .milliseconds(10)) {
            try !issue(socket, rounds: 1).ids.isEmpty
        }
        try issue(socket, rounds: 3)
    }

    /// Holds that no ID came twice.
    func expectNoDuplicates(sourceLocation: SourceLocation = #_sourceLocation) {
        let faults = collector.faults
        #expect(faults.isEmpty, "\(faults.count) faults: \(faults.prefix(3))", sourceLocation: sourceLocation)
    }

    /// "12 cycles, 34567 IDs, 0 duplicates".
    func summary(cycles: Int) -> String {
        "\(cycles) cycles, \(collector.count) IDs, \(collector.faults.count) duplicates"
    }
}

extension IDCollector {
    /// Waits until some more IDs have been received.
    func waitForMore(_ count: Int = 200) throws {
        let before = self.count
        try eventually("IDs go on coming", within: .seconds(60)) { self.count > before + count }
    }
}

/// A wait of random length, so that what comes after it falls on another moment each time.
func pauseRandomly(_ range: ClosedRange<Int>) {
    pauseThread(.milliseconds(Int.random(in: range)))
}

extension DaemonSetup {
    /// The folder of the journal that is in force.
    var journal: String {
        let key = "journal.path="
        let own = settings.last { $0.hasPrefix(key) }
        return own.map { String($0.dropFirst(key.count)) } ?? journalPath
    }
}
