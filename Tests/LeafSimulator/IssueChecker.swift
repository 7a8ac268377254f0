import LeafCore

/// Watches every ID that any host issues, and remembers the first rule that was broken.
package struct IssueChecker {
    package private(set) var issued = 0
    package private(set) var violation: String?
    private var seen: Set<Int64> = []

    package init() {}

    /// An ID went out to a client.
    mutating func issue(_ range: IDRange, by host: SimulatedHost) {
        for id in range.first...range.last {
            issued += 1
            if id < 1 { fail("ID \(id) is not positive") }
            if !seen.insert(id).inserted { fail("ID \(id) was issued twice, the second time by host \(host.number)") }
        }
        if range.first <= host.lastIssued {
            fail("host \(host.number) issued \(range.first) after \(host.lastIssued)")
        }
        guard let mark = host.journal.newest?.hi, range.last < mark else {
            return fail("host \(host.number) issued \(range) with hi at \(host.journal.newest?.hi ?? 0)")
        }
        if !host.owns(range) { fail("host \(host.number) issued \(range) outside of its leases \(host.leases)") }
    }

    mutating func fail(_ text: String) {
        if violation == nil { violation = text }
    }
}
