import Foundation
import LeafCore
import LeafTestKit
import LeafThreads

@testable import LeafJournal

/// A tag that always has something to write, and notes what it is told.
final class Participant: CommitParticipant {
    let tag: LeafCore.Tag
    private let told = Lock<[Bool]>([])
    private let finishing = Lock<(@Sendable () -> Void)?>(nil)
    private let stock: Lock<TagStock>

    init(_ name: String) throws {
        tag = try LeafCore.Tag(name)
        let rules = StockRules(
            step: StepPolicy(
                minStep: 100, maxStep: 1000, adjustRatio: 2, shortLife: .seconds(1), longLife: .seconds(2)),
            preloadThreshold: 0.1, reserve: .zero, maxSegments: 10, window: .seconds(1), failoverGap: 1000)
        stock = Lock(TagStock(epoch: 1, floor: 1, tableStep: 100, rules: rules, now: .now()))
    }

    var outcomes: [Bool] { told.with { $0 } }

    /// Called when it is told.
    var onFinish: (@Sendable () -> Void)? {
        get { finishing.with { $0 } }
        set { finishing.with { $0 = newValue } }
    }

    func beginCommit(now: MonotonicTime) -> JournalOrder? {
        stock.with { $0.beginCommit(now: now) }.map { .tag(tag, $0) }
    }

    func finishCommit(_ order: JournalOrder, isDurable: Bool, now: MonotonicTime) {
        guard case .tag(tag, let order) = order else { return }
        stock.with { stock in
            var effects = StockEffects()
            if isDurable {
                stock.committed(order, now: now, effects: &effects)
            } else {
                stock.commitFailed(order, now: now, effects: &effects)
            }
        }
        onFinish?()
        told.with { $0.append(isDurable) }
    }

    func expectOutcomes(_ expected: [Bool]) async throws {
        try await until("\(tag) is told \(expected), was told \(outcomes)") { outcomes.count >= expected.count }
        guard outcomes == expected else { throw TestProblem("\(tag) was told \(outcomes) instead of \(expected)") }
    }
}

/// A worker id that always has something to write, and notes what it is told of which order.
final class WorkerParticipant: CommitParticipant {
    struct Told: Hashable {
        let number: UInt64
        let isDurable: Bool
    }

    let worker: Int
    private let told = Lock<[Told]>([])
    private let orders = Lock<UInt64>(0)

    init(_ worker: Int) { self.worker = worker }

    var outcomes: [Told] { told.with { $0 } }

    /// What its order of that number has written.
    func record(_ number: UInt64) -> WorkerRecord { .sample(worker, Int64(number)) }

    func beginCommit(now: MonotonicTime) -> JournalOrder? {
        let number = orders.with { number in
            number += 1
            return number
        }
        return .worker(WorkerOrder(record: record(number), number: number))
    }

    func finishCommit(_ order: JournalOrder, isDurable: Bool, now: MonotonicTime) {
        guard case .worker(let order) = order, order.record.worker == worker else { return }
        told.with { $0.append(Told(number: order.number, isDurable: isDurable)) }
    }

    func expectOutcomes(_ expected: [Bool]) async throws {
        let expected = expected.enumerated().map { Told(number: UInt64($0 + 1), isDurable: $1) }
        try await until("worker id \(worker) is told \(expected)") { outcomes.count >= expected.count }
        guard outcomes == expected else {
            throw TestProblem("worker id \(worker) was told \(outcomes) instead of \(expected)")
        }
    }
}

/// The engine's part.
final class OwnerFake: JournalOwner {
    struct Notes {
        var failures: [JournalError?] = []
        var replaced: [(header: JournalHeader, setAside: SetAside)] = []
        var askedFor: [String] = []
        var entries: [JournalEntry] = []
    }

    let notes = Lock(Notes())

    func batchDone() {}

    func journalFailed(_ error: JournalError?) { notes.with { $0.failures.append(error) } }

    func replacement(for header: JournalHeader) -> (header: JournalHeader, entries: [JournalEntry]) {
        notes.with { notes in
            notes.askedFor.append(header.journalID)
            return (header.startingOver(agentID: "new-agent", journalID: "new"), notes.entries)
        }
    }

    func journalReplaced(_ header: JournalHeader, setAside: SetAside) {
        notes.with { $0.replaced.append((header, setAside)) }
    }
}

/// A journal whose commits fail as a test says.
final class FailingStorage: JournalStorage, @unchecked Sendable {
    // @unchecked: everything that two threads use is under `plan`.
    struct Plan {
        /// What the next commits do; nil: what they should.
        var commits: [JournalError.Code?] = []
        /// The failed commit reaches the disk all the same.
        var writesAllTheSame = false
        var replacements: [JournalError.Code?] = []
        var log: [String] = []
        /// Called after each commit, before the witness.
        var afterCommit: (@Sendable (UInt64) -> Void)?
    }

    let plan = Lock(Plan())
    private let journal: Journal

    init(_ journal: Journal) { self.journal = journal }

    var header: JournalHeader { journal.header }
    var sequence: UInt64 { journal.sequence }
    var hasHeadroom: Bool { journal.hasHeadroom }
    var size: (used: Int, map: Int) { journal.size }

    func adopt(_ header: JournalHeader) { journal.adopt(header) }

    func commit(_ entries: [JournalEntry], header: JournalHeader) throws(JournalError) {
        let (code, writes) = plan.with { plan in
            (plan.commits.isEmpty ? nil : plan.commits.removeFirst(), plan.writesAllTheSame)
        }
        if let code {
            plan.with { $0.log.append("commit: \(code)") }
            if writes { try journal.commit(entries, header: header) }
            throw JournalError(code, "injected \(code)")
        }
        try journal.commit(entries, header: header)
        let sequence = journal.sequence
        let after = plan.with { plan in
            plan.log.append("commit \(sequence)")
            return plan.afterCommit
        }
        after?(sequence)
    }

    func extend() { journal.extend() }

    func replace(
        reason: String, header: JournalHeader, entries: [JournalEntry]
    ) throws(JournalError) -> SetAside {
        let code = plan.with { $0.replacements.isEmpty ? nil : $0.replacements.removeFirst() }
        if let code {
            plan.with { $0.log.append("replace: \(code)") }
            throw JournalError(code, "injected \(code)")
        }
        let setAside = try journal.replace(reason: reason, header: header, entries: entries)
        plan.with { $0.log.append("replaced") }
        return setAside
    }
}

/// Waits without holding a thread.
func until(_ what: @autoclosure () -> String, _ isTrue: () throws -> Bool) async throws {
    let end = ContinuousClock.now.advanced(by: .seconds(30))
    while try !isTrue() {
        guard ContinuousClock.now < end else { throw TestProblem("not in time: \(what())") }
        try await Task.sleep(for: .milliseconds(2))
    }
}
