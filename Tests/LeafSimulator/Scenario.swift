/// What one seed gives: the rules of a world, and the events that happen in it.
package struct Scenario: Sendable {
    package let seed: UInt64
    package var events: [Event]

    /// - Parameter favored: what happens often, whatever the seed's taste.
    package init(seed: UInt64, events count: Int, favoring favored: Set<EventKind> = []) {
        self.seed = seed
        var random = SeededRandom(seed: seed &* 0x2545_F491_4F6C_DD1D &+ 1)
        // Each seed has a taste of its own: some things happen often in it, some never.
        var sums: [Int] = []
        var sum = 0
        for kind in EventKind.allCases {
            let usual = Scenario.usual(kind)
            let isFault = kind.rawValue >= EventKind.drop.rawValue
            let taste = [0, 1, 1, 2, 8][random.below(5)]
            let times = !isFault ? 4 : taste
            sum += usual * (favored.contains(kind) ? max(times, 12) : times)
            sums.append(sum)
        }
        events = []
        events.reserveCapacity(count)
        for _ in 0..<count {
            let at = random.below(sum)
            let index = sums.firstIndex { $0 > at }!
            events.append(Event(kind: EventKind.allCases[index], word: random.next()))
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
