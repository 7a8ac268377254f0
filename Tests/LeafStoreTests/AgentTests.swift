import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import LeafTestKit
import Testing

@Suite("The row of a daemon in leafd_agent")
struct AgentTests {
    let fixture: StoreFixture
    let session: SQLiteSession
    let id = "00112233445566778899aabbccddeeff"
    var agent: AgentMark { AgentMark(agentID: id, beat: 3) }
    let row = AgentRow(beat: 3, nonce: "n3", isContested: false)

    init() throws {
        fixture = try StoreFixture()
        session = try fixture.open(tag: "orders")
        #expect(try beat(from: nil, to: 3).isAcknowledged)
    }

    private func beat(from seen: AgentRow?, to beat: Int64, host: String = "host-a") throws -> BeatReply {
        try session.beat(AgentBeat(agentID: id, host: host, seen: seen, beat: beat, nonce: "n\(beat)"))
    }

    @Test("lets leases pass at the beat that was acknowledged, and at later ones")
    func present() throws {
        #expect(try session.lease("orders", agent: agent).summary == "1..<101")
        try fixture.sql("UPDATE leafd_agent SET beat = 4")
        #expect(try session.lease("orders", agent: agent).summary == "101..<201")
    }

    static let accidents = [
        "DELETE FROM leafd_agent", "UPDATE leafd_agent SET beat = 2", "UPDATE leafd_agent SET agent_id = 'x'",
    ]

    @Test(
        "stops leases, and leaves the counter, when it is gone or older: the database went backward",
        arguments: accidents)
    func lost(accident: String) throws {
        try fixture.sql(accident)
        let error = try storeError(.wentBackward) { _ = try session.lease("orders", agent: agent) }
        #expect(error.isSessionLost && !error.isOutage)
        #expect(try fixture.maxID(of: "orders") == 1.databaseValue)
        try storeError(.unavailable) { _ = try session.lease("orders") }
        #expect(try fixture.open().lease("orders").summary == "1..<101")
    }

    @Test func `stops all leases of a batch, those before it too`() throws {
        _ = try session.create("users")
        let requests = try [("orders", nil), ("users", AgentMark(agentID: id, beat: 4))].map {
            LeaseRequest(tag: try Tag($0), count: 10, floor: 0, jump: 0, agent: $1)
        }
        try storeError(.wentBackward) { _ = try session.lease(requests) }
        #expect(try fixture.counter(of: "orders") == 1)
    }

    @Test("is looked at before a missing tag is believed to be missing")
    func lostWithTag() throws {
        try fixture.sql("DELETE FROM leafd_agent; DELETE FROM leaf_alloc")
        try storeError(.wentBackward) { _ = try session.lease("orders", agent: agent) }
        #expect(try fixture.open().lease("orders").summary == "noSuchTag")
    }

    @Test(arguments: accidents)
    func `lets no tag be created when it is gone or older: the database may have lost the tag`(accident: String) throws
    {
        try fixture.sql("DELETE FROM leaf_alloc")
        try fixture.sql(accident)
        let error = try storeError(.wentBackward) { _ = try session.create("orders", ifAbsent: true, agent: agent) }
        #expect(error.isSessionLost)
        #expect(try fixture.counter(of: "orders") == nil)
    }

    @Test func `moves from what was seen to the next beat, with host and time`() throws {
        try fixture.sql("UPDATE leafd_agent SET seen_at = '2001-01-01 00:00:00'")
        #expect(try beat(from: row, to: 4, host: "host-b") == BeatReply(isAcknowledged: true, lift: 0))
        #expect(
            try session.facts(agentID: id).row == AgentRow(beat: 4, nonce: "n4", isContested: false))
        #expect(
            try fixture.value("SELECT host || (seen_at > '2020') FROM leafd_agent") == "host-b1".databaseValue)
    }

    @Test(arguments: [
        AgentRow(beat: 2, nonce: "n3", isContested: false), AgentRow(beat: 4, nonce: "n3", isContested: false),
        AgentRow(beat: 3, nonce: "another", isContested: false), nil,
    ])
    func `does not move when it is not what was seen`(seen: AgentRow?) throws {
        #expect(try beat(from: seen, to: 9).isAcknowledged == false)
        #expect(try session.facts(agentID: id).row == row)
    }

    @Test func `does not come back by a beat when it is gone`() throws {
        try fixture.sql("DELETE FROM leafd_agent")
        #expect(try beat(from: row, to: 4).isAcknowledged == false)
        #expect(try session.facts(agentID: id).row == nil)
    }

    @Test func `is the only one that a beat moves, though another's may look the same`() throws {
        let double = AgentBeat(agentID: "other", host: "h", seen: nil, beat: row.beat, nonce: row.nonce)
        #expect(try session.beat(double).isAcknowledged)
        #expect(try beat(from: row, to: 4).isAcknowledged)
        #expect(try session.facts(agentID: "other").row == row)
    }

    @Test func `does not move once it is contested, and nobody else's is`() throws {
        _ = try session.beat(AgentBeat(agentID: "other", host: "h", seen: nil, beat: 1, nonce: "o"))
        try session.contest(agentID: id)
        let contested = AgentRow(beat: 3, nonce: "n3", isContested: true)
        #expect(try session.facts(agentID: id).row == contested)
        #expect(try session.facts(agentID: "other").row?.isContested == false)
        for seen in [row, contested] { #expect(try beat(from: seen, to: 4).isAcknowledged == false) }
        #expect(try session.facts(agentID: id).row == contested)
    }

    @Test func `is moved by one of eight who beat at the same time from the same row`() throws {
        let store = try fixture.store(timeout: .seconds(60))
        let (id, row) = (id, row)
        let replies = try onThreads(8) { number in
            Result {
                let session = try store.open(knownStore: nil)
                let nonce = "nonce-\(number)"
                let reply = try session.beat(AgentBeat(agentID: id, host: "h", seen: row, beat: 4, nonce: nonce))
                return reply.isAcknowledged ? nonce : nil
            }
        }
        let winners = try replies.compactMap { try $0.get() }
        #expect(winners.count == 1)
        #expect(try session.facts(agentID: id).row?.nonce == winners.first)
    }

    @Test(arguments: ["beat = 'soon'", "nonce = x'00'", "contested = 'yes'"])
    func `that cannot be read is an outage, not a missing row`(damage: String) throws {
        try fixture.sql("UPDATE leafd_agent SET \(damage)")
        let error = try storeError(.corrupt) { _ = try session.facts(agentID: id) }
        #expect(error.isOutage && error.message.contains(id))
    }

    @Test func `there twice moves neither`() throws {
        try fixture.sql(
            """
            DROP TABLE leafd_agent;
            CREATE TABLE leafd_agent (agent_id TEXT, host TEXT, beat BIGINT, nonce TEXT, contested INT, seen_at TEXT);
            INSERT INTO leafd_agent VALUES ('\(id)', 'h', 3, 'n3', 0, ''), ('\(id)', 'h', 3, 'n3', 0, '')
            """)
        try storeError(.misconfigured) { _ = try beat(from: row, to: 4) }
        #expect(try fixture.value("SELECT max(beat) FROM leafd_agent") == 3.databaseValue)
    }
}
