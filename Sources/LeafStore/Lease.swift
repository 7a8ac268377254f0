package import LeafCore

/// What one lease asks of the central store.
package struct LeaseRequest: Hashable, Sendable {
    package let tag: Tag
    /// How many IDs: 1 and more.
    package let count: Int64
    /// The highest end this host was ever leased for the tag; 0 when unknown. A counter below it went backward.
    package let floor: Int64
    /// Where to set a counter that went backward before leasing: `floor + failover-gap`.
    package let jump: Int64
    /// Checked in the same statement where `leafd_agent` exists; nil leaves the check out.
    package let agent: AgentMark?

    package init(tag: Tag, count: Int64, floor: Int64, jump: Int64, agent: AgentMark?) {
        precondition(count >= 1 && floor >= 0 && jump >= floor)
        self.tag = tag
        self.count = count
        self.floor = floor
        self.jump = jump
        self.agent = agent
    }
}

/// The outcome of one lease that did not throw.
package enum LeaseResult: Hashable, Sendable {
    /// Acknowledged as committed: the segment is this daemon's alone.
    case leased(Lease)
    /// The tag has no row.
    case noSuchTag
    /// The counter stands so high that `count` more would pass 2^63 − 1, or the tag's own maximum is reached.
    case overflow(maxID: Int64)
    /// The reply was not what a lease must be; nothing of it may be used. The text says what was wrong.
    case abandoned(String)
}

package struct Lease: Hashable, Sendable {
    package let segment: Segment
    /// `step` of the row: the floor of the dynamic step. Nil where the reply does not bring it (MySQL's tells the counter
    /// alone): then what is known holds, until the tag list is read.
    package let tableStep: Int64?
    /// The counter was below the floor and has been lifted to `jump` by this lease.
    package let lifted: Bool

    package init(segment: Segment, tableStep: Int64?, lifted: Bool) {
        self.segment = segment
        self.tableStep = tableStep
        self.lifted = lifted
    }
}

/// A row of the central table.
package struct TagDescription: Hashable, Sendable {
    package let tag: Tag
    package let maxID: Int64
    package let step: Int64
    package let description: String?
    /// The last ID the tag may ever issue, if it has such a limit.
    package let limit: Int64?

    package init(tag: Tag, maxID: Int64, step: Int64, description: String?, limit: Int64?) {
        self.tag = tag
        self.maxID = maxID
        self.step = step
        self.description = description
        self.limit = limit
    }
}

/// A tag to be created.
package struct NewTag: Hashable, Sendable {
    package let tag: Tag
    package let step: Int64
    /// The first ID: `max_id` of the new row. nil: 1, or above the tombstone of a dropped tag.
    package let start: Int64?
    /// The last ID the tag may ever issue; nil: 2^63 − 1.
    package let limit: Int64?
    package let description: String?

    package init(tag: Tag, step: Int64, start: Int64?, limit: Int64?, description: String?) {
        self.tag = tag
        self.step = step
        self.start = start
        self.limit = limit
        self.description = description
    }
}
