import LeafCore
import LeafJournal
import LeafTestKit
import LeafThreads
import Testing

/// A tag that wants one commit, and writes down what it is told.
private final class Participant: CommitParticipant {
    let tag: LeafCore.Tag
    let outcomes = Mailbox<[Bool]>([])
    private let stock: Lock<TagStock>

    init(_ name: String) throws {
        tag = try LeafCore.Tag(name)
        let rules = StockRules(
            step: StepPolicy(
                minStep: 100, maxStep: 1000, adjustRatio: 2, shortLife: .seconds(1), longLife: .seconds(2)),
            preloadThreshold: 0.1, reserve: .zero, maxSegments: 10, window: .seconds(1), failoverGap: 1000)
        stock = Lock(TagStock(epoch: 1, floor: 1, tableStep: 100, rules: rules, now: .now()))
    }

    func beginCommit(now: MonotonicTime) -> CommitOrder? { stock.with { $0.beginCommit(now: now) } }

    func finishCommit(_ order: CommitOrder, isDurable: Bool, now: MonotonicTime) {
        outcomes.post {
            $0.append(isDurable)
            return true
        }
    }

    func waitForOutcome() -> Bool {
        outcomes.wait { outcomes, _ in outcomes.isEmpty ? .wait(until: nil) : .done(outcomes[0]) }
    }
}

@Suite struct JournalWriterTests {
    private let folder = TemporaryFolder()

    private func writer() -> JournalWriter<Participant> {
        JournalWriter(gather: .milliseconds(200), batchDone: {}, failed: { _ in })
    }

    @Test func `tags that are due soon share one commit`() throws {
        let writer = writer()
        writer.start(try Journal(path: folder.file("journal"), mapBytes: 64 << 20))
        let participants = try (0..<50).map { try Participant("tag-\($0)") }
        for participant in participants { writer.request(participant, .soon) }
        for participant in participants { #expect(participant.waitForOutcome()) }
        #expect(writer.snapshot().commits == 1)
        writer.stop()
        #expect(try reopened(folder.file("journal")).records().count == 50)
    }

    @Test func `a changed header is durable when the call returns`() throws {
        let writer = writer()
        writer.start(try Journal(path: folder.file("journal"), mapBytes: 64 << 20))
        try writer.changeHeader { $0.storeID = "another" }
        #expect(writer.snapshot().commits == 1)
        writer.stop()
        #expect(try reopened(folder.file("journal")).header.storeID == "another")
    }

    @Test func `what is due is written before the writer stops`() throws {
        let writer = writer()
        let participant = try Participant("orders")
        writer.start(try Journal(path: folder.file("journal"), mapBytes: 64 << 20))
        writer.request(participant, .soon)
        writer.stop()
        #expect(participant.waitForOutcome())
        let journal = try reopened(folder.file("journal"))
        #expect(try journal.records().map(\.tag) == [participant.tag])
        #expect(journal.header.isClean)
    }
}
