/// Watches every ID that goes out and every lease that is taken, and remembers the first rule that was broken.
struct Checker {
    private(set) var violation: Violation?
    /// A stock that cannot be: whatever rule is watched, there is no going on.
    private(set) var isBroken = false
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
        if let other = issued[store][tag].conflict(range.first, range.last) {
            let shared = other.forks & forks
            if shared == 0 || shared & ~told == 0 {
                fail(
                    .duplicate,
                    "\(max(range.first, other.first)) of tag \(tag) in store \(store), by host \(other.by), then by host \(host)"
                        + (shared != 0 ? ", which should know of its twin" : ""))
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
