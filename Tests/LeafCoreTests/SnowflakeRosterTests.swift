@testable import LeafCore
import Testing

@Suite("The worker ids that a daemon is to hold")
struct SnowflakeRosterTests {
    static let rules = SnowflakeRules(
        format: SnowflakeFormat(layout: .leaf, epoch: 1_288_834_974_657), window: .seconds(1))
    var clocks = TestClocks()

    private func roster(configured: Int? = nil, extra: Int = 0) -> SnowflakeRoster {
        SnowflakeRoster(
            SnowflakeRoster.Plan(configured: configured, extra: extra, horizon: .seconds(7200), machine: "m"),
            Self.rules)
    }

    private var now: Int64 { clocks.wall / 1000 }

    private func claim(
        _ roster: inout SnowflakeRoster, slot: Int = 0, worker: Int = 7, generation: Int64 = 1, above: Int64 = -1,
        lastTime: Int64? = nil
    ) -> SnowflakeWorker? {
        roster.claimed(
            slot, worker: worker, generation: generation, above: above, lastTime: lastTime ?? now + 60_000,
            database: now,
            epoch: 3, clocks.reading, seed: 1)
    }

    @Test func `each slot is claimed, then renewed, ahead by what it has been held for`() {
        var roster = roster(extra: 1)
        let boot = clocks.reading.boot
        #expect(
            roster.asks(now: boot).map(\.ask)
                == [
                    .claim(configured: nil, ahead: 60_000, succeeding: nil),
                    .claim(configured: nil, ahead: 60_000, succeeding: nil),
                ])
        let worker = claim(&roster, slot: 1)
        #expect(worker?.worker == 7 && worker?.epoch == 3 && worker?.generation == 1)
        #expect(!roster.isComplete)
        for (held, ahead) in [(0, 60_000), (600, 600_000), (86_400, 7_200_000)] as [(Int64, Int64)] {
            let ask = roster.asks(now: boot.advanced(by: .seconds(held)))[1].ask
            #expect(
                ask == .renew(worker: 7, generation: 1, lastTime: now + 60_000, isConfigured: false, ahead: ahead))
        }
    }

    @Test func `a new holder begins above the time of the one before`() {
        var roster = roster()
        let worker = claim(&roster, generation: 5, above: now - 1)
        #expect(worker?.limit == now)
        #expect(worker?.clock.now == clocks.wall)
        var other = self.roster()
        #expect(claim(&other, above: now - 5_000)?.limit == now - 4_999)
    }

    @Test func `a grant that makes no sense is not used`() {
        var roster = roster(configured: 7)
        #expect(claim(&roster, worker: 8) == nil, "another worker id than was asked for")
        #expect(claim(&roster, above: now + 1) == nil, "its time is not over, and it comes from nobody we know")
        #expect(claim(&roster, generation: 0) == nil)
        #expect(claim(&roster, lastTime: .max) == nil)
        #expect(claim(&roster) != nil)
        #expect(claim(&roster) == nil, "it is held already")
        var leased = self.roster()
        #expect(claim(&leased, worker: 1024) == nil)
    }

    @Test func `a configured worker id is taken over from this journal's former name above its mark`() throws {
        var roster = roster(configured: 7)
        _ = claim(&roster, generation: 2)
        roster.giveUp(agentID: "old", marks: [7: now + 800], isNewest: true)
        let ask = roster.asks(now: clocks.reading.boot)[0].ask
        guard case .claim(7, _, let predecessor?) = ask else { return #expect(Bool(false), "\(ask)") }
        #expect(predecessor.agentID == "old" && predecessor.generation == 2 && predecessor.start == now + 800)
        let worker = claim(&roster, generation: 3, above: now + 60_000)
        #expect(worker?.limit == now + 800)
    }

    @Test func `without proof that the mark is the newest it waits like anybody else`() {
        var roster = roster(configured: 7)
        _ = claim(&roster, generation: 2)
        roster.giveUp(agentID: "old", marks: [7: now + 800], isNewest: false)
        #expect(
            roster.asks(now: clocks.reading.boot)[0].ask == .claim(configured: 7, ahead: 60_000, succeeding: nil))
        #expect(claim(&roster, generation: 3, above: now + 60_000) == nil)
        var leased = self.roster()
        _ = claim(&leased)
        leased.giveUp(agentID: "old", marks: [7: now + 800], isNewest: true)
        #expect(
            leased.asks(now: clocks.reading.boot)[0].ask == .claim(configured: nil, ahead: 60_000, succeeding: nil),
            "a leased one is left alone")
    }

    @Test func `what was lost is claimed anew`() {
        var roster = roster()
        _ = claim(&roster)
        roster.lost(worker: 7)
        #expect(
            roster.asks(now: clocks.reading.boot)[0].ask == .claim(configured: nil, ahead: 60_000, succeeding: nil))
    }

    private func record(_ worker: Int, epoch: UInt64 = 3, format: String = rules.format.text) -> WorkerRecord {
        WorkerRecord(
            worker: worker, generation: 4, epoch: epoch, format: format, lastTime: now + 3_600_000, hi: now + 500,
            cap: 2_000)
    }

    private func header(isUnconfirmed: Bool = false) -> JournalHeader {
        JournalHeader(
            journalID: "j", agentID: "a", agentBeat: 1, storeID: "s", storePlace: .none,
            host: HostIdentity(machineID: "m", bootID: "b", fileSystemID: 1, device: 1, inode: 1), isClean: false,
            epoch: 3,
            isUnconfirmed: isUnconfirmed)
    }

    @Test func `a start takes up what is of its journal's epoch and of the configured format, and nothing else`() {
        var roster = roster(extra: 2)
        let recovery = Recovery(.proven, .serve, "")
        let workers = roster.recover(
            [record(9), record(3, epoch: 2), record(4, format: "another"), record(5)], recovery, header(),
            clocks.reading,
            seed: 1)
        let used = workers.filter { $0.phase != .gone }
        #expect(used.map(\.worker) == [5, 9])
        #expect(used.allSatisfy { $0.limit == now + 500 && $0.phase == .open })
        #expect(workers.filter { $0.phase == .gone }.map(\.worker) == [4], "written once more, as given up")
        // Nobody knows how long it was held before: it begins anew, and what is leased already stays.
        guard case .renew(5, 4, _, false, 60_000) = roster.asks(now: clocks.reading.boot)[0].ask else {
            return #expect(Bool(false))
        }
    }

    /// A start with the mode off may have had to skip a lost commit: nothing else would say so to the next.
    @Test func `a start without snowflakes gives up what the journal holds`() {
        var roster = SnowflakeRoster(
            SnowflakeRoster.Plan(
                configured: nil, extra: 0, horizon: .seconds(7200), machine: "m", isEnabled: false), Self.rules)
        var workers = roster.recover(
            [record(7)], Recovery(.unproven, .serveUntilStoreAnswers, "", resume: .hiPlusCap), header(), clocks.reading,
            seed: 1)
        #expect(workers.map(\.phase) == [.gone])
        var effects = StockEffects()
        workers[0].askIfStale(&effects)
        #expect(workers[0].beginCommit(clocks.reading)?.record.epoch == 0)
    }

    @Test func `a configured worker id has its own slot, and records beyond the slots are given up`() {
        var roster = roster(configured: 9)
        let workers = roster.recover(
            [record(3), record(9)], Recovery(.proven, .serve, ""), header(), clocks.reading, seed: 1)
        #expect(workers.filter { $0.phase != .gone }.map(\.worker) == [9])
        #expect(workers.filter { $0.phase == .gone }.map(\.worker) == [3])
    }

    @Test func `without proof a start goes on above what the lost commit may have allowed, when the store is away`() {
        var roster = roster()
        let recovery = Recovery(.unproven, .serveUntilStoreAnswers, "", resume: .hiPlusCap)
        let workers = roster.recover([record(3)], recovery, header(), clocks.reading, seed: 1)
        #expect(workers.map(\.limit) == [now + 2_500] && workers.map(\.phase) == [.withheld])
    }
}
