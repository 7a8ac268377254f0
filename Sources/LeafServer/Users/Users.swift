internal import LeafThreads
internal import Synchronization

/// All who are connected, and what they have together.
final class Users: Sendable {
    private struct Register {
        var door = Doorkeeper()
        var accounts: [UInt32: UserAccount] = [:]
    }

    private let register = Lock(Register())
    /// Memory that connections hold for requests and replies.
    let heldBytes = Atomic<Int>(0)
    /// Connections closed because they wanted more memory than there was for them.
    let cutOff = Atomic<Int>(0)

    var open: Int { register.with { $0.door.open } }

    /// Counts a connection in, if it is welcome; nil with the verdict if it is not.
    func admit(
        _ uid: UInt32, isAdmin: Bool, isOnAdminSocket: Bool, _ rooms: Doorkeeper.Rooms
    ) -> (account: UserAccount?, verdict: Doorkeeper.Verdict) {
        register.with { register in
            let verdict = register.door.admit(uid, isAdmin: isAdmin, isOnAdminSocket: isOnAdminSocket, rooms)
            guard verdict == .welcome else { return (nil, verdict) }
            if let account = register.accounts[uid] { return (account, verdict) }
            let account = UserAccount(uid: uid, of: self)
            register.accounts[uid] = account
            return (account, verdict)
        }
    }

    func closed(_ account: UserAccount) {
        register.with { register in
            if register.door.closed(account.uid) { register.accounts[account.uid] = nil }
        }
    }
}
