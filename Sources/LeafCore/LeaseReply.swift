/// What a database answered to one lease statement, before anybody believes it.
package struct LeaseReply: Hashable, Sendable {
    /// How many rows the statement changed, as the database says with this reply.
    package let affectedRows: Int
    /// The counter after it, if it came with this very reply as a 64-bit integer.
    package let maxID: Int64?
    /// The commit has been acknowledged, with no transaction left open.
    package let isAcknowledged: Bool

    package init(affectedRows: Int, maxID: Int64?, isAcknowledged: Bool) {
        self.affectedRows = affectedRows
        self.maxID = maxID
        self.isAcknowledged = isAcknowledged
    }

    package enum Verdict: Hashable, Sendable {
        /// This daemon's alone.
        case leased(Segment)
        /// Nobody's: never asked after, never used. The text says what is wrong with it.
        case abandoned(String)
    }

    /// Whether the reply gives a segment of `count` IDs.
    ///
    /// - Parameter floor: the highest end this host was ever leased for the tag.
    package func verdict(count: Int64, floor: Int64) -> Verdict {
        guard DuplicateGuard.acknowledgedLeases.holds(isAcknowledged) else {
            return .abandoned("its commit was not acknowledged")
        }
        guard DuplicateGuard.affectedRows.holds(affectedRows == 1) else {
            return .abandoned("it affected \(affectedRows) rows instead of one; look for duplicate rows and triggers")
        }
        guard let maxID else { return .abandoned("it brought no 64-bit integer") }
        let (start, overflow) = maxID.subtractingReportingOverflow(count)
        guard !overflow, count >= 1, start >= 1 else {
            return .abandoned("max_id \(maxID) after a lease of \(count) leaves no positive IDs")
        }
        guard DuplicateGuard.floor.holds(start >= floor) else {
            return .abandoned("it starts at \(start), below \(floor), up to which this host has been leased before")
        }
        return .leased(Segment(start: start, end: maxID))
    }
}
