internal import LeafCore
internal import LeafProtocol

/// All that a frame shows.
struct WatchState {
    private(set) var current: StatsSnapshot?
    private(set) var previous: StatsSnapshot?
    private(set) var events = EventLog()
    private(set) var outage: Outage?

    /// leafd cannot be asked.
    struct Outage {
        let since: UTCTime
        var reason: String
    }

    init() {}

    mutating func take(_ snapshot: StatsSnapshot) {
        if let outage {
            let seconds = Double(snapshot.time.milliseconds - outage.since.milliseconds) / 1000
            events.add(
                [WatchEvent(topic: "answer", .good, "leafd answers again, after \(Units.span(seconds: seconds))")],
                at: snapshot.time)
        }
        outage = nil
        if let current {
            events.add(SnapshotChanges.events(from: current, to: snapshot), at: snapshot.time)
        }
        previous = current
        current = snapshot
    }

    /// What was known stays, as what was known last.
    mutating func fail(_ reason: String, at time: UTCTime) {
        if outage == nil {
            events.add([WatchEvent(topic: "no answer", .bad, "no answer: \(reason)")], at: time)
        }
        outage = Outage(since: outage?.since ?? time, reason: reason)
    }

    /// By how much a counter grew a second between the last two snapshots; nil while there are no two of one daemon.
    func perSecond(_ counter: (StatsDocument) -> Int64) -> Double? {
        guard let current, let previous, current.document.pid == previous.document.pid else { return nil }
        let seconds = current.document.uptimeSeconds - previous.document.uptimeSeconds
        let growth = counter(current.document) - counter(previous.document)
        return seconds > 0 && growth >= 0 ? Double(growth) / seconds : nil
    }
}
