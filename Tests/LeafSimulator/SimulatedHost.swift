/// A journal's folder on a machine, and the daemon that runs on it, if one does.
struct SimulatedHost {
    let number: Int
    var machine: Int
    /// Which of the world's places the configuration names.
    var place = 0
    var afterReboot: Recovery.AfterReboot
    var journal: SimulatedJournal
    var daemon: SimulatedDaemon?
    /// The journal was damaged: the next start sets it aside.
    var isDamaged = false
    var isDiskFull = false
    /// The witness can be neither rewritten nor, perhaps, removed.
    var witnessFails = false
    var unlinkFails = false
    /// Of which of the two images of each fork it comes, if of any: a bit a fork, set for the second.
    var sides: UInt64 = 0
    /// Where a clean stop left each tag: the next start goes on there.
    var stoppedAt: [(next: Int64, stock: Int64)]?
    var snow = SnowflakeChoice()

    /// What it is configured for.
    struct SnowflakeChoice {
        var configured: Int?
        var extra = 0
        /// Which of the world's formats.
        var format = 0
    }

    init(number: Int, machine: Int, afterReboot: Recovery.AfterReboot, journal: SimulatedJournal) {
        self.number = number
        self.machine = machine
        self.afterReboot = afterReboot
        self.journal = journal
    }

    static func placeOf(_ number: Int) -> StorePlace { StorePlace(url: "p\(number)", table: "t") }

    var storePlace: StorePlace { SimulatedHost.placeOf(place) }
}

extension SimulatedHost {
    /// A host that has what another has, but no daemon.
    init(number: Int, copying other: SimulatedHost, journal: SimulatedJournal) {
        self.init(number: number, machine: other.machine, afterReboot: other.afterReboot, journal: journal)
        place = other.place
        sides = other.sides
        snow = other.snow
    }
}
