import Glibc
import LeafCore
import LeafProtocol
import LeafThreads
import Synchronization
import Testing

@testable import LeafServer

/// What one uid may have of what all share: the rules by themselves.
struct UserLimitTests {
    // MARK: Connections

    @Test func `a user has three quarters of the connections at most, unless it is said otherwise`() {
        #expect(Doorkeeper.Rooms(all: 16_384, ofOneUser: nil).ofOneUser == 12_288)
        #expect(Doorkeeper.Rooms(all: 1, ofOneUser: nil).ofOneUser == 1)
        #expect(Doorkeeper.Rooms(all: 100, ofOneUser: 7).ofOneUser == 7)
        #expect(Doorkeeper.Rooms(all: 100, ofOneUser: 0).ofOneUser == 0)
    }

    @Test func `one user cannot take the others' connections`() {
        var door = Doorkeeper()
        let rooms = Doorkeeper.Rooms(all: 100, ofOneUser: 10)
        let verdicts = (0..<20).map { _ in door.admit(1, isAdmin: false, isOnAdminSocket: false, rooms) }
        #expect(verdicts == Array(repeating: .welcome, count: 10) + Array(repeating: .tooManyOfOneUser, count: 10))
        let other = door.admit(2, isAdmin: false, isOnAdminSocket: false, rooms)
        #expect(other == .welcome)
        let isLast = door.closed(1)
        #expect(!isLast && door.open == 10)
        let again = door.admit(1, isAdmin: false, isOnAdminSocket: false, rooms)
        #expect(again == .welcome)
    }

    @Test func `the last connections are for administrators`() {
        var door = Doorkeeper()
        let rooms = Doorkeeper.Rooms(all: 80, ofOneUser: 0)
        let verdicts = (0..<80).map { _ in door.admit(1, isAdmin: false, isOnAdminSocket: false, rooms) }
        #expect(verdicts.count { $0 == .welcome } == 70 && verdicts.last == .full)
        let admins = (0..<11).map { _ in door.admit(0, isAdmin: true, isOnAdminSocket: false, rooms) }
        #expect(admins == Array(repeating: .welcome, count: 10) + [.full])
    }

    @Test func `on the admin socket an administrator has room whatever its uid has on the main one`() {
        var door = Doorkeeper()
        let rooms = Doorkeeper.Rooms(all: 100, ofOneUser: 5)
        // Without the admin socket's rights: root in a container, say.
        for _ in 0..<5 { _ = door.admit(0, isAdmin: false, isOnAdminSocket: false, rooms) }
        let onMain = door.admit(0, isAdmin: false, isOnAdminSocket: false, rooms)
        let onAdmin = door.admit(0, isAdmin: true, isOnAdminSocket: true, rooms)
        #expect(onMain == .tooManyOfOneUser && onAdmin == .welcome)
    }

    @Test func `users without connections are forgotten`() {
        let users = Users()
        let rooms = Doorkeeper.Rooms(all: 100, ofOneUser: 10)
        let first = users.admit(7, isAdmin: false, isOnAdminSocket: false, rooms).account
        let second = users.admit(7, isAdmin: false, isOnAdminSocket: false, rooms).account
        #expect(first === second && users.open == 2)
        first?.connectionClosed()
        let third = users.admit(7, isAdmin: false, isOnAdminSocket: false, rooms).account
        #expect(third === first)
        second?.connectionClosed()
        third?.connectionClosed()
        let new = users.admit(7, isAdmin: false, isOnAdminSocket: false, rooms).account
        #expect(new !== first && users.open == 1)
    }

    // MARK: Memory

    @Test func `a user may hold half of the memory, and all together no more than there is`() throws {
        let users = Users()
        let accounts = try (0..<3).map { try account(UInt32($0), of: users) }
        let limits = HeldBytes(ofAll: 1000)
        #expect(accounts[0].hold(500, atMost: limits))
        #expect(!accounts[0].hold(1, atMost: limits))
        accounts[0].free(1)
        #expect(accounts[1].hold(500, atMost: limits))
        #expect(!accounts[2].hold(1, atMost: limits))
        accounts[2].free(1)
        #expect(accounts[1].hold(-100, atMost: limits))
        #expect(accounts[2].hold(100, atMost: limits))
        accounts[0].free(500)
        accounts[1].free(400)
        accounts[2].free(100)
        #expect(users.heldBytes.load(ordering: .relaxed) == 0)
        #expect(users.cutOff.load(ordering: .relaxed) == 2)
    }

    private func account(_ uid: UInt32, of users: Users) throws -> UserAccount {
        let rooms = Doorkeeper.Rooms(all: 100, ofOneUser: 10)
        return try #require(users.admit(uid, isAdmin: false, isOnAdminSocket: false, rooms).account)
    }

    // MARK: Reports

    @Test func `each user has one thing done in turn`() {
        var queue = FairQueue<Int, String>()
        for number in 0..<1000 { queue.append("a\(number)", for: 1) }
        queue.append("b0", for: 2)
        queue.append("b1", for: 2)
        queue.append("c0", for: 3)
        let first = (0..<7).compactMap { _ in queue.popFirst() }
        #expect(first == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"])
        queue.append("b2", for: 2)
        let next = (0..<3).compactMap { _ in queue.popFirst() }
        #expect(next == ["a4", "b2", "a5"])
        var left = 0
        while queue.popFirst() != nil { left += 1 }
        #expect(left == 994 && queue.isEmpty)
    }

    @Test func `a flood of reports delays another user's by one, and what is known soon by one more`() async throws {
        let desk = ReportDesk()
        let done = Lock<[String]>([])
        let gate = Mailbox(false)
        desk.execute(for: 9, .ordinary) { gate.wait { isOpen, _ in isOpen ? .done(()) : .wait(until: nil) } }
        for number in 0..<100 { desk.execute(for: 1, .ordinary) { done.with { $0.append("flood \(number)") } } }
        desk.execute(for: 2, .ordinary) { done.with { $0.append("report") } }
        for number in 0..<3 { desk.execute(for: 1, .soon) { done.with { $0.append("probe \(number)") } } }
        desk.execute(for: 2, .soon) { done.with { $0.append("health") } }
        gate.post { isOpen in
            isOpen = true
            return true
        }
        try await eventually("all is done") { done.with { $0.count } == 105 }
        let order = done.with { $0 }
        let health = try #require(order.firstIndex(of: "health"))
        let report = try #require(order.firstIndex(of: "report"))
        #expect(health <= 3 && report <= 4, "\(order.prefix(10))")
        desk.stop()
    }

    // MARK: Descriptors

    @Test func `clients never get all descriptors`() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let all = Int(clamping: limit.rlim_cur)
        #expect(Descriptors.forClients(besides: 2) <= all - min(132, all / 2))
        #expect(Descriptors.forClients(besides: 64) < Descriptors.forClients(besides: 1))
        #expect(Descriptors.forClients(besides: 1_000_000_000) >= all / 2)
    }
}
