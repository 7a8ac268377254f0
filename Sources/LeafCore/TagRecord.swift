/// What the journal keeps of one tag: everything that a start needs to go on issuing without the database.
package struct TagRecord: Hashable, Sendable {
    /// Which life of the tag's stock this is. It changes whenever stock is given up, so that a late acknowledgement for
    /// what was given up raises nothing.
    package var incarnation: UInt64
    /// Which of the journal's stocks the segments belong to. A record whose epoch is not the header's has been given up
    /// together with all others, by the one commit that changed the header.
    package var epoch: UInt64
    /// The segments not used up at `hi`, in the order of use: ascending and disjoint.
    package var segments: [Segment]
    /// Nothing at or above it has been issued. After a crash, issue resumes here.
    package var hi: Int64
    /// The most IDs by which the next commit may raise `hi` within these segments. A start that cannot prove that it reads
    /// the newest commit resumes at `hi` + `cap`.
    package var cap: Int64
    /// The next ID when the record was written: what lies between it and `hi` may be lost in a crash.
    package var position: Int64
    /// The highest end this host was ever leased for the tag; never lowered. A counter below it went backward.
    package var floor: Int64
    /// The dynamic step.
    package var step: Int64
    /// The step in the central table when last seen.
    package var tableStep: Int64

    package init(
        incarnation: UInt64, epoch: UInt64, segments: [Segment], hi: Int64, cap: Int64, position: Int64, floor: Int64,
        step: Int64, tableStep: Int64
    ) {
        self.incarnation = incarnation
        self.epoch = epoch
        self.segments = segments
        self.hi = hi
        self.cap = cap
        self.position = position
        self.floor = floor
        self.step = step
        self.tableStep = tableStep
    }

    /// What is wrong with the record, or nil. A record with a valid checksum that says impossible things is as damaged as
    /// one without.
    package var problem: String? {
        guard hi >= 0, cap >= 0, position >= 0, floor >= 0, step >= 0, tableStep >= 0 else { return "a negative field" }
        guard position <= hi else { return "position \(position) above hi \(hi)" }
        var end: Int64 = 0
        for segment in segments {
            guard segment.start >= end, !segment.isEmpty else { return "segment \(segment) out of order" }
            end = segment.end
        }
        guard let head = segments.first else { return nil }
        guard end <= floor else { return "segment end \(end) above floor \(floor)" }
        guard hi < head.end else { return "hi \(hi) beyond segment \(head)" }
        return nil
    }

    /// The IDs a start from `hi` can still issue.
    package var stock: Int64 {
        segments.reduce(0) { $0 + $1.end - max($1.start, min(hi, $1.end)) }
    }
}
