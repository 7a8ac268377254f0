/// Watches every ID that goes out and every lease that is taken, and remembers the first rule that was broken.
struct Checker {
    private(set) var violation: Violation?
    /// A stock that cannot be: whatever rule is watched, there is no going on.
    private(set) var isBroken = false
    /// How many IDs went out that had gone out before.
    private(set) var duplicates: Int64 = 0
    /// How many of two images of one memory, before they were told: not promised.
    private(set) var repeatedByTwins: Int64 = 0
    /// The rules that are watched.
    private let minds: Set<Violation.Kind>
    /// By store, then by tag.
    private var issued: [[IntervalLedger]]
    private var leased: [[IntervalLedger]]

    init(stores: Int, tags: Int, minds: Set<Violation.Kind>) {
        self.minds = minds
        let none = Array(repeating: Array(repeating: IntervalLedger(), count: tags), count: stores)
        issued = none
        leased = none
    }

    /// IDs went out to a client.
    ///
    /// - Parameters:
    ///   - forks: the resumed memory images that the issuer's stock comes from.
    ///   - told: those of them that it should know of by now.
    mutating func issue(
        _ range: IDRange, store: Int, tag: Int, host: Int, forks: UInt64, told: UInt64
    ) {
        var first = range.first
        while first <= range.last, let other = issued[store][tag].conflict(first, range.last) {
            let shared = other.forks & forks
            let count = min(range.last, other.last) - max(first, other.first) + 1
            first = other.last + 1
            if shared == 0 || shared & ~told == 0 {
                duplicates += count
                fail(
                    .duplicate,
                    "\(max(range.first, other.first)) of tag \(tag) in store \(store), by host \(other.by), then by host \(host)"
                        + (shared != 0 ? ", which should know of its twin" : ""))
            } else {
                repeatedByTwins += count
            }
        }
        issued[store][tag].insert(range.first, range.last, forks: forks, by: host)
    }

    /// A daemon has taken a lease into its stock.
    mutating func lease(_ segment: Segment, store: Int, tag: Int, host: Int) {
        if let other = leased[store][tag].conflict(segment.start, segment.end - 1) {
            fail(
                .overlap,
                "host \(host) was leased \(segment) of tag \(tag) in store \(store), host \(other.by) [\(other.first), \(other.last + 1)) before"
            )
        }
        leased[store][tag].insert(segment.start, segment.end - 1, forks: 0, by: host)
    }

    var isOver: Bool { violation != nil || isBroken }

    mutating func fail(_ kind: Violation.Kind, _ text: String) {
        if kind == .damaged { isBroken = true }
        if violation == nil && minds.contains(kind) { violation = Violation(kind: kind, text: text) }
    }
}
