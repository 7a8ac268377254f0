import Foundation
import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import Testing

@Suite("A store whose file was exchanged for an older one")
struct RestoredFileTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
        let session = try fixture.open(tag: "orders")
        _ = try session.create("users")
        session.close()
    }

    /// A daemon that has settled, and leased once.
    private func daemon(_ id: String, identity: Bool = true) throws -> SettlingDaemon {
        var daemon = SettlingDaemon(try fixture.store(timeout: .seconds(20), identity: identity), agentID: id)
        _ = try daemon.settle()
        _ = try daemon.lease("orders")
        return daemon
    }

    @Test func `is named by file system and inode, which its copy does not share`() throws {
        let server = try #require(try fixture.open().facts(agentID: "a").server)
        #expect(try fixture.open().facts(agentID: "a").server == server)
        var status = stat()
        #expect(stat(fixture.path, &status) == 0)
        #expect(server.hasPrefix("sqlite:") && server.contains(":\(status.st_ino):"))
        try fixture.restoreByRename(fixture.backUp())
        #expect(try fixture.open().facts(agentID: "a").server != server)
    }

    @Test func `is written down together with the store's id, by any daemon, and then stays`() throws {
        let server = try #require(try fixture.open().facts(agentID: "a").server)
        #expect(try fixture.state("server/leaf_alloc") == server)
        var a = SettlingDaemon(try fixture.store(), agentID: "a")
        #expect(try a.settle() == [.adoptStore, .beat])
        #expect(try a.settle() == [])
        try fixture.restoreByRename(fixture.backUp())
        _ = try fixture.open()
        #expect(try fixture.state("server/leaf_alloc") == server)
        // Also by one that does not look at it.
        let other = try StoreFixture()
        _ = try other.store(identity: false).open(knownStore: nil)
        #expect(try other.state("server/leaf_alloc") == other.open().facts(agentID: "a").server)
    }

    @Test func `is not known for a table that was there before leafd: its counters are lifted once`() throws {
        try fixture.sql("CREATE TABLE older (biz_tag TEXT PRIMARY KEY, max_id BIGINT, step INT)")
        let older = try fixture.store(table: "older").open(knownStore: nil).facts(agentID: "a")
        #expect(older.server != nil && older.recordedServer == nil)
        // One that leafd makes has no counters that could have been lost.
        let made = try fixture.store(table: "made").open(knownStore: nil).facts(agentID: "a")
        #expect(made.server != nil && made.recordedServer == made.server)
    }

    @Test func `is known for a table that was there before, when the store's id is made`() throws {
        let fixture = try StoreFixture()
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag TEXT PRIMARY KEY, max_id BIGINT, step INT)")
        let facts = try fixture.open().facts(agentID: "a")
        #expect(facts.server != nil && facts.recordedServer == facts.server)
    }

    @Test func `is not overlooked because its table could be made anew`() throws {
        try fixture.sql("UPDATE leafd_state SET value = 'another' WHERE name = 'server/leaf_alloc'")
        try fixture.sql("DROP TABLE leaf_alloc")
        try storeError(.missing) { _ = try fixture.open() }
    }

    @Test func `is lifted once, by the first daemon that comes back, and no ID is leased twice`() throws {
        var (a, b) = (try daemon("a"), try daemon("b"))
        let backup = try fixture.backUp()
        let before = [try a.lease("orders"), try b.lease("orders"), try a.lease("users"), try b.lease("orders", 300)]
        try fixture.restoreByRename(backup)
        try storeError(.missing) { _ = try a.lease("orders") }
        try storeError(.missing) { try b.beat() }
        #expect(try b.settle() == [.lift(.otherServer)])
        #expect(try a.settle() == [])
        let after = [try a.lease("users"), try a.lease("orders"), try b.lease("orders")]
        for old in before {
            for new in after where new.start < 701 { Issue.record("\(new) may overlap \(old)") }
        }
        // b's floor plus gap; users had no floor of b, so it is the restored counter plus gap.
        #expect(after.map(\.start) == [1001, 1701, 1801])
        #expect(try fixture.state("lift/leaf_alloc") == "1")
    }

    @Test func `is not leased from before it has been lifted`() throws {
        let a = try daemon("a")
        try fixture.restoreByRename(fixture.backUp())
        func opened() throws -> SQLiteSession {
            let session = try fixture.open()
            let facts = try session.facts(agentID: "a")
            #expect(facts.server != facts.recordedServer)
            return session
        }
        let row = try #require(try opened().facts(agentID: "a").row)
        let beat = AgentBeat(agentID: "a", host: "h", seen: row, beat: 9, nonce: "x")
        let works: [(SQLiteSession) throws -> Void] = [
            { _ = try $0.lease("orders", agent: a.mark) }, { _ = try $0.create("new") }, { try $0.drop(Tag("users")) },
            { try $0.alter(Tag("users"), step: 5) }, { _ = try $0.bump(Tag("users"), to: 5000) },
            { try $0.forget(Tag("users")) }, { _ = try $0.beat(beat) },
        ]
        for work in works {
            let error = try storeError(.wentBackward) { try work(opened()) }
            #expect(error.isSessionLost)
        }
        #expect(try fixture.counter(of: "orders") == 101)
        #expect(try opened().facts(agentID: "a").row == row)
        // What settles is allowed, and afterwards the same session may lease.
        let session = try opened()
        try session.contest(agentID: "somebody")
        let facts = try session.facts(agentID: "a")
        #expect(try session.lift(CounterLift(expected: 0, server: facts.server, floors: [:], gap: 50)))
        #expect(try fixture.state("server/leaf_alloc") == facts.server)
        #expect(try session.lease("orders", agent: a.mark).summary == "151..<251")
    }

    @Test func `stops sessions that were settled before another server was written down`() throws {
        let session = try fixture.open()
        _ = try session.facts(agentID: "a")
        #expect(try session.lease("orders").summary == "1..<101")
        try fixture.sql("UPDATE leafd_state SET value = 'sqlite:0:1' WHERE name = 'server/leaf_alloc'")
        try storeError(.wentBackward) { _ = try session.lease("orders") }
        #expect(try fixture.counter(of: "orders") == 101)
    }

    @Test func `that has lost the server's name has lost commits`() throws {
        var a = try daemon("a")
        try fixture.sql("DELETE FROM leafd_state WHERE name = 'server/leaf_alloc'")
        try storeError(.wentBackward) { _ = try a.lease("orders") }
        #expect(try a.settle() == [.lift(.otherServer)])
        #expect(try a.lease("orders").start == 1101)
    }

    @Test func `is not compared by a session that never read its facts`() throws {
        _ = try daemon("a")
        try fixture.sql("UPDATE leafd_state SET value = 'sqlite:0:1' WHERE name = 'server/leaf_alloc'")
        #expect(try fixture.open().lease("orders").summary == "101..<201")
    }

    @Test func `is neither named nor compared with identity none`() throws {
        _ = try daemon("a")
        try fixture.restoreByRename(fixture.backUp())
        let session = try fixture.store(identity: false).open(knownStore: nil)
        let facts = try session.facts(agentID: "a")
        #expect(facts.server == nil && facts.recordedServer != nil)
        #expect(try session.lease("orders").summary == "101..<201")
        #expect(try session.lift(CounterLift(expected: 0, server: nil, floors: [:], gap: 5)))
        #expect(try fixture.state("server/leaf_alloc") == facts.recordedServer)
    }

    @Test func `is not lifted for what was decided on another file`() throws {
        let session = try fixture.open()
        let lift = CounterLift(expected: 0, server: "sqlite:0:1", floors: [:], gap: 5)
        try storeError(.wentBackward) { _ = try session.lift(lift) }
        #expect(try fixture.counter(of: "orders") == 1)
    }

    @Test func `of which one table was lifted is still another server for the other table`() throws {
        _ = try daemon("a")
        try fixture.store(table: "other").open(knownStore: nil).close()
        try fixture.restoreByRename(fixture.backUp())
        let session = try fixture.open()
        let facts = try session.facts(agentID: "a")
        #expect(try session.lift(CounterLift(expected: 0, server: facts.server, floors: [:], gap: 5)))
        let factsOfOther = try fixture.store(table: "other").open(knownStore: nil).facts(agentID: "b")
        #expect(factsOfOther.recordedServer != factsOfOther.server && factsOfOther.lift == 0)
    }

    @Test(arguments: [true, false])
    func `in place, by its bytes, shows by the own row, which is older`(identity: Bool) throws {
        var (a, b) = (try daemon("a", identity: identity), try daemon("b", identity: identity))
        let backup = try fixture.backUp()
        try a.beat()
        try b.beat()
        let before = [try a.lease("orders"), try b.lease("orders", 300)]
        a.restart(try fixture.store(identity: identity))
        b.restart(try fixture.store(identity: identity))
        try fixture.restoreInPlace(backup)
        #expect(try a.settle() == [.lift(.lostBeat), .beat])
        // b's row is older too, but it sees that somebody has lifted since its last beat.
        #expect(try b.settle() == [.beat])
        let after = [try a.lease("orders"), try b.lease("orders")]
        #expect(before.map(\.end).max() == 601)
        // a's floor, 301, plus gap.
        #expect(after.map(\.start) == [1301, 1401])
        #expect(try fixture.state("lift/leaf_alloc") == "1")
    }

    @Test func `in place, by SQLite's backup under open sessions, stops their leases`() throws {
        var a = try daemon("a")
        let backup = try fixture.backUp()
        try a.beat()
        let before = try a.lease("orders")
        let source = try DatabaseQueue(path: backup)
        let target = try DatabaseQueue(path: fixture.path)
        try source.backup(to: target)
        try source.close()
        try target.close()
        try storeError(.wentBackward) { _ = try a.lease("orders") }
        #expect(try a.settle() == [.lift(.lostBeat), .beat])
        #expect(try a.lease("orders").start == before.end + SettlingDaemon.gap)
    }

    @Test func `of before the daemon's first beat lacks its row`() throws {
        let backup = try fixture.backUp()
        var a = try daemon("a")
        a.session?.close()
        try fixture.restoreInPlace(backup)
        #expect(try a.settle() == [.lift(.lostBeat), .beat])
        #expect(try a.lease("orders").start == 1101)
    }

    @Test func `settles without a lift when nothing was lost`() throws {
        var a = try daemon("a")
        for _ in 0..<3 {
            try a.beat()
            #expect(try a.settle() == [])
        }
        #expect(try a.lease("orders").start == 101)
    }
}
