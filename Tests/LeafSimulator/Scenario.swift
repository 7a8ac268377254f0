/// What one seed gives: the rules of a world, and the events that happen in it.
package struct Scenario: Sendable {
    /// What is played.
    package enum Subject: String, Hashable, Sendable, CaseIterable {
        case tags
        case snowflakes
    }

    package let seed: UInt64
    package let subject: Subject
    package var events: [Event]

    /// - Parameter favored: what happens often, whatever the seed's taste.
    package init(
        seed: UInt64, events count: Int, of subject: Subject = .tags, favoring favored: Set<EventKind> = []
    ) {
        self.seed = seed
        self.subject = subject
        let kinds = subject == .tags ? EventKind.ofTags : EventKind.allCases
        var random = SeededRandom(seed: seed &* 0x2545_F491_4F6C_DD1D &+ 1)
        // Each seed has a taste of its own: some things happen often in it, some never.
        var sums: [Int] = []
        var played: [EventKind] = []
        var sum = 0
        // In some, journals and their hosts are well, and what is played is the database alone.
        let isQuiet = subject == .snowflakes && random.chance(35)
        for kind in kinds where !(isQuiet && kind.isOfJournals && !favored.contains(kind)) {
            let usual = subject == .tags ? Scenario.usual(kind) : Scenario.usualOfSnowflakes(kind)
            let taste = [0, 1, 1, 2, 8][random.below(5)]
            let times = !kind.isFault ? 4 : taste
            sum += usual * (favored.contains(kind) ? max(times, 12) : times)
            sums.append(sum)
            played.append(kind)
        }
        events = []
        events.reserveCapacity(count)
        for _ in 0..<count {
            let at = random.below(sum)
            let index = sums.firstIndex { $0 > at }!
            events.append(Event(kind: played[index], word: random.next()))
        }
    }

    private static func usualOfSnowflakes(_ kind: EventKind) -> Int {
        switch kind {
        case .stamp: 220
        case .advance: 90
        case .askWorkers: 30
        case .both: 170
        case .journal, .store: 60
        case .beat: 40
        case .request: 10
        case .tick, .take, .cancel, .catalog, .drop, .create, .bump, .bumpAll: 1
        case .reconfigure, .swapStores, .twin, .diskFull: 2
        case .start: 30
        case .crash, .storeUp: 15
        case .stepClock, .failover: 10
        case .reboot, .ghost, .backup, .holdReading, .lateAnswer, .stop: 8
        default: 5
        }
    }

    private static func usual(_ kind: EventKind) -> Int {
        switch kind {
        case .request: 150
        case .take: 50
        case .both: 170
        case .journal, .store: 60
        case .tick: 20
        case .beat, .catalog: 12
        case .cancel: 6
        case .start: 30
        case .crash: 15
        case .storeUp: 15
        case .storeDown: 6
        case .ghost: 10
        case .backup: 8
        default: 4
        }
    }
}
