internal import LeafCore

/// Something that happened while somebody watched.
struct WatchEvent: Hashable {
    enum Weight {
        /// Usual business.
        case plain
        /// Mended.
        case good
        case warning
        case bad
    }

    /// Events of one topic and weight that follow each other closely are shown as one: what breaks is not what mends.
    let topic: String
    let weight: Weight
    /// Without a figure: how often it happened is `count`.
    let text: String
    let count: Int64

    init(topic: String, _ weight: Weight, _ text: String, count: Int64 = 1) {
        self.topic = topic
        self.weight = weight
        self.text = text
        self.count = count
    }
}

/// The newest events, like ones gathered, so that what comes every second does not drive out what came once.
struct EventLog {
    struct Entry {
        var event: WatchEvent
        /// When it was last seen.
        var time: UTCTime
        /// Of all that are shown as this one.
        var count: Int64
    }

    /// Newest first.
    private(set) var entries: [Entry] = []

    /// Enough for the tallest terminal.
    private static let most = 200
    /// What comes again within this is the same story.
    private static let togetherMilliseconds: Int64 = 60_000

    mutating func add(_ events: [WatchEvent], at time: UTCTime) {
        for event in events {
            var count = event.count
            let earlier = entries.firstIndex { entry in
                entry.event.topic == event.topic && entry.event.weight == event.weight
                    && time.milliseconds - entry.time.milliseconds < EventLog.togetherMilliseconds
            }
            if let earlier { count += entries.remove(at: earlier).count }
            entries.insert(Entry(event: event, time: time, count: count), at: 0)
        }
        if entries.count > EventLog.most { entries.removeLast(entries.count - EventLog.most) }
    }
}
