private import Synchronization

/// What one uid has of what all clients share: connections, memory, waiting requests.
///
/// Its connections are counted by `Doorkeeper`, the rest here, from any thread.
final class UserAccount: Sendable {
    let uid: UInt32
    private let users: Users
    private let heldBytes = Atomic<Int>(0)
    private let parked = Atomic<Int>(0)

    init(uid: UInt32, of users: Users) {
        self.uid = uid
        self.users = users
    }

    func connectionClosed() { users.closed(self) }

    // MARK: Memory

    /// Charges so many bytes more, or fewer.
    ///
    /// - Parameter limits: for all users and for one; whoever asks for less than before is within them.
    /// - Returns: false if that is too much; it is charged all the same, until it is freed.
    func hold(_ bytes: Int, atMost limits: HeldBytes) -> Bool {
        let own = heldBytes.add(bytes, ordering: .relaxed).newValue
        let all = users.heldBytes.add(bytes, ordering: .relaxed).newValue
        guard bytes > 0 else { return true }
        let isWithinLimits = own <= limits.ofOneUser && all <= limits.ofAll
        if !isWithinLimits { users.cutOff.add(1, ordering: .relaxed) }
        return isWithinLimits
    }

    func free(_ bytes: Int) {
        guard bytes > 0 else { return }
        heldBytes.subtract(bytes, ordering: .relaxed)
        users.heldBytes.subtract(bytes, ordering: .relaxed)
    }

    // MARK: Waiting requests

    /// Counts a request in that waits. False: this user has too many.
    func park(atMost limit: Int) -> Bool { parked.add(1, ordering: .relaxed).newValue <= limit }

    func unpark() { parked.subtract(1, ordering: .relaxed) }
}

/// How much memory connections may hold for requests and replies.
struct HeldBytes: Sendable {
    let ofAll: Int
    /// Half of it: whoever takes all that one uid can leaves as much to the others.
    var ofOneUser: Int { ofAll / 2 }
}
