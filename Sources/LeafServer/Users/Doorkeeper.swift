/// Decides who may connect: counts connections, all and by uid.
///
/// No user takes all of them, and the last few are kept for administrators: `leafctl` is to work while others flood.
struct Doorkeeper {
    /// How many connections there may be.
    struct Rooms: Hashable {
        let all: Int
        /// The most of one uid; 0: as many as there are.
        let ofOneUser: Int

        init(all: Int, ofOneUser: Int?) {
            self.all = all
            self.ofOneUser = ofOneUser ?? max(1, all - all / 4)
        }

        /// For administrators alone.
        var reserve: Int { min(16, all / 8) }
    }

    enum Verdict {
        case welcome
        case full
        case tooManyOfOneUser
    }

    private(set) var open = 0
    private var openByUser: [UInt32: Int] = [:]

    /// Counts a connection in, if it is welcome.
    ///
    /// - Parameter isOnAdminSocket: no flood on the main socket keeps anybody from this one.
    mutating func admit(_ uid: UInt32, isAdmin: Bool, isOnAdminSocket: Bool, _ rooms: Rooms) -> Verdict {
        guard open < (isAdmin ? rooms.all : rooms.all - rooms.reserve) else { return .full }
        let own = openByUser[uid, default: 0]
        guard rooms.ofOneUser == 0 || own < rooms.ofOneUser || isAdmin && isOnAdminSocket else {
            return .tooManyOfOneUser
        }
        open += 1
        openByUser[uid] = own + 1
        return .welcome
    }

    /// Returns whether that was the user's last.
    mutating func closed(_ uid: UInt32) -> Bool {
        let left = openByUser[uid, default: 0] - 1
        precondition(left >= 0 && open > 0, "more connections are closed than were opened")
        open -= 1
        openByUser[uid] = left == 0 ? nil : left
        return left == 0
    }
}
