import GRDB
import LeafStore
import LeafStoreSQLite
import Testing

@Suite("The row of a daemon in leafd_agent")
struct AgentTests {
    let fixture: StoreFixture
    let session: SQLiteSession
    let agent = AgentMark(agentID: "00112233445566778899aabbccddeeff", beat: 3)

    init() throws {
        fixture = try StoreFixture()
        session = try fixture.open(tag: "orders")
        try session.register(agent: agent, host: "host-a")
    }

    @Test("lets leases pass at the beat that was acknowledged, and at later ones")
    func present() throws {
        #expect(try session.lease("orders", agent: agent).summary == "1..<101")
        try fixture.sql("UPDATE leafd_agent SET beat = 4")
        #expect(try session.lease("orders", agent: agent).summary == "101..<201")
    }

    @Test(
        "stops leases, and leaves the counter, when it is gone or older: the database went backward",
        arguments: [
            "DELETE FROM leafd_agent", "UPDATE leafd_agent SET beat = 2", "UPDATE leafd_agent SET agent_id = 'x'",
        ])
    func lost(accident: String) throws {
        try fixture.sql(accident)
        #expect(try session.lease("orders", agent: agent).summary == "agentLost")
        #expect(try fixture.maxID(of: "orders") == 1.databaseValue)
        #expect(try session.lease("orders", agent: nil).summary == "1..<101")
    }

    @Test("is looked at before a missing tag is believed to be missing")
    func lostWithTag() throws {
        try fixture.sql("DELETE FROM leafd_agent; DELETE FROM leaf_alloc")
        #expect(try session.lease("orders", agent: agent).summary == "agentLost")
        #expect(try session.lease("orders", agent: nil).summary == "noSuchTag")
    }

    @Test("can be registered again, and keeps its beat")
    func again() throws {
        try fixture.sql("UPDATE leafd_agent SET beat = 9")
        try session.register(agent: agent, host: "host-b")
        #expect(try fixture.value("SELECT beat || host FROM leafd_agent") == "9host-b".databaseValue)
    }

    @Test("is never raised by registering: that would hide that a beat was lost")
    func notRaised() throws {
        try fixture.sql("UPDATE leafd_agent SET beat = 2")
        try storeError(.conflict) { try session.register(agent: agent, host: "host-a") }
        #expect(try fixture.value("SELECT beat FROM leafd_agent") == 2.databaseValue)
    }
}
