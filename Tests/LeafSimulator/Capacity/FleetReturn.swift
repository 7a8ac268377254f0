/// A fleet that comes to its store all at once: after an outage, or when all hosts are started together.
///
/// Hosts are reduced to their real `StoreLink`, with its back-off, and to the round trips that follow when the store is there:
/// a session is opened, a beat sent, the tag list read, and leases asked for in transactions of up to 128. The store is one
/// queue, first come, first served, that serves so many round trips a second, a transaction as many as it has leases. A host
/// that waits longer than the timeout closes its session and backs off; its request is served all the same, for nothing.
package struct FleetReturn: Sendable {
    package struct Plan: Sendable {
        package var hosts = 10_000
        /// Tags a host that want a lease.
        package var tags = 10
        /// Round trips a second that the store can serve.
        package var serverRate = 5500.0
        /// Round trips until a session can be leased from: login, settings, the table's shape, the identity, the own row.
        package var openTrips = 8
        /// `store.query-timeout`.
        package var timeout = Duration.seconds(2)
        /// How long a try takes while the store is away: refused at once, or `store.connect-timeout`.
        package var failsAfter = Duration.zero
        /// The seconds within which the hosts are started, with no failure before; nil: an outage, in which all have failed for
        /// minutes.
        package var startedWithin: Double?
        package var seed: UInt64 = 1
        /// How long it is watched, in seconds.
        package var watched = 600.0

        package init() {}
    }

    /// By the second since the store's return (or the first host's start).
    package private(set) var connects: [Int64]
    package private(set) var trips: [Int64]
    package private(set) var leases: [Int64]
    /// Calls that took longer than the timeout.
    package private(set) var timeouts = 0
    /// Leases that were made, and whose host did not wait for them any more.
    package private(set) var wasted: Int64 = 0
    /// The longest that a call had to wait for the store, in seconds.
    package private(set) var waitMax = 0.0
    /// When each host had all it wanted, in seconds, in ascending order.
    package private(set) var doneAt: [Double] = []

    /// When this share of the hosts had all they wanted; nil: not while it was watched.
    package func done(share: Double) -> Double? {
        let index = max(0, Int((Double(hosts) * share).rounded(.up)) - 1)
        return index < doneAt.count ? doneAt[index] : nil
    }

    private let hosts: Int

    private struct Host {
        var link: StoreLink
        var tripsLeft: Int
        var tagsLeft: Int
    }

    private enum Item {
        /// A host calls the store, or tries to.
        case call(Int)
        case answered(Int, isTrip: Bool, leases: Int)
        case timedOut(Int)
    }

    private static let batchMax = 128
    /// How long before its return the outage is played.
    private static let lead = 120.0

    package init(_ plan: Plan) {
        hosts = plan.hosts
        let length = Int(plan.watched) + 1
        connects = Array(repeating: 0, count: length)
        trips = connects
        leases = connects
        play(plan)
    }

    private mutating func play(_ plan: Plan) {
        var random = SeededRandom(seed: plan.seed)
        var agenda = Agenda<Item>()
        let lead = plan.startedWithin == nil ? FleetReturn.lead : 0
        let back = nanoseconds(lead)
        var fleet: [Host] = []
        for host in 0..<plan.hosts {
            let start = random.unit() * (plan.startedWithin ?? 30)
            agenda.add(.call(host), at: nanoseconds(start))
            // A beat and the tag list are due as well.
            fleet.append(
                Host(
                    link: StoreLink(now: MonotonicTime(nanoseconds: 0)), tripsLeft: plan.openTrips + 2,
                    tagsLeft: plan.tags))
        }
        var freeAt = back
        let end = back + nanoseconds(plan.watched)
        while let now = agenda.nextAt, now < end {
            let second = now < back ? 0 : Int((now - back) / 1_000_000_000)
            switch agenda.removeFirst() {
            case .call(let host):
                guard now >= back else {
                    agenda.add(.timedOut(host), at: now + UInt64(plan.failsAfter.inNanoseconds))
                    continue
                }
                let isTrip = fleet[host].tripsLeft > 0
                if fleet[host].tripsLeft == plan.openTrips + 2 { connects[second] += 1 }
                let batch = isTrip ? 0 : min(fleet[host].tagsLeft, FleetReturn.batchMax)
                freeAt = max(freeAt, now) + nanoseconds(Double(max(batch, 1)) / plan.serverRate)
                trips[second] += 1
                let wait = freeAt - now
                waitMax = max(waitMax, Double(wait) / 1e9)
                guard wait > UInt64(plan.timeout.inNanoseconds) else {
                    agenda.add(.answered(host, isTrip: isTrip, leases: batch), at: freeAt)
                    continue
                }
                timeouts += 1
                wasted += Int64(batch)
                agenda.add(.timedOut(host), at: now + UInt64(plan.timeout.inNanoseconds))
            case .timedOut(let host):
                fleet[host].tripsLeft = plan.openTrips + 2
                _ = fleet[host].link.failed(now: MonotonicTime(nanoseconds: now), using: &random)
                agenda.add(.call(host), at: fleet[host].link.retryAt?.nanoseconds ?? now)
            case .answered(let host, let isTrip, let batch):
                _ = fleet[host].link.succeeded(now: MonotonicTime(nanoseconds: now))
                if isTrip { fleet[host].tripsLeft -= 1 }
                fleet[host].tagsLeft -= batch
                leases[second] += Int64(batch)
                if fleet[host].tripsLeft == 0 && fleet[host].tagsLeft == 0 {
                    doneAt.append(Double(now - back) / 1e9)
                } else {
                    agenda.add(.call(host), at: now)
                }
            }
        }
    }

    private func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(seconds * 1e9) }
}
