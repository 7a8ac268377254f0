import LeafCore
import LeafStore
import LeafTestKit
import Testing

@testable import LeafStoreSQL

@Suite struct `Worker ids, one server and one commit` {
    /// A proxy may lead a session to another server in the middle of its life, to which the record of the old one has been replicated.
    @Test(arguments: Database.allCases)
    func `are given out by no other server than the one that was settled with`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        try fixture.open(facts: "me").close()
        try fixture.sql("UPDATE leafd_state SET value = 'the old one' WHERE name = 'server/leaf_alloc'")
        let calls: [(SQLSession) throws -> Void] = [
            { _ = try $0.claim(.leased()) }, { _ = try $0.renew([.of(0, lastTime: .max / 2)]) },
            { _ = try $0.releaseWorker(0) },
        ]
        for call in calls {
            let session = try fixture.open(facts: "me")
            session.server = "the old one"
            #expect(try storeError(.wentBackward) { try call(session) }.isSessionLost)
        }
        #expect(try fixture.open().listWorkers().rows.isEmpty)
    }

    @Test(arguments: Database.allCases)
    func `count only where the commit was acknowledged`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let claimed = try fixture.open().claim(.leased())
        let calls: [(SQLSession) throws -> Void] = [
            { _ = try $0.claim(.leased()) }, { _ = try $0.renew([.of(0, lastTime: claimed.lastTime ?? 0)]) },
            { _ = try $0.releaseWorker(0) },
        ]
        for call in calls {
            let real = try fixture.open()
            let session = SQLSession(
                connection: Unacknowledged(real.connection), shape: real.shape, storeID: real.storeID,
                defaultStep: real.defaultStep, place: real.place, hasOwnTable: real.hasOwnTable)
            #expect(try storeError(.unavailable) { try call(session) }.isSessionLost)
        }
    }
}

/// A server that commits, and whose answer tells that something was odd about it.
private final class Unacknowledged: SQLConnection {
    private let real: any SQLConnection

    init(_ real: any SQLConnection) { self.real = real }

    func run(_ statement: SQLStatement) throws(StoreError) -> SQLReply { try real.run(statement) }
    func runTogether(_ statements: [SQLStatement]) throws(StoreError) -> [SQLReply] { try real.runTogether(statements) }
    func begin() throws(StoreError) { try real.begin() }
    func commit() throws(StoreError) -> Bool {
        _ = try real.commit()
        return false
    }
    func rollback() { real.rollback() }
    var isClosed: Bool { real.isClosed }
    func close() { real.close() }
}
