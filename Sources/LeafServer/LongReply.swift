internal import LeafCore
internal import LeafProtocol

/// The rest of a reply that is too long for one turn: it is written piece by piece, as the client reads it.
///
/// What it says is settled: of IDs, which are taken, it knows where they begin and end.
struct LongReply {
    private enum Rest {
        case ids([IDRange], ReplyForm)
        case names([Tag])
    }

    private let rest: Rest
    /// Ranges or names that have been written as a whole.
    private var done = 0
    /// Of the first range that has not: its first ID that is missing.
    private var next: Int64 = 0

    /// - Parameter form: integers or bulk strings, one for each ID.
    init(_ ranges: [IDRange], _ form: ReplyForm) {
        rest = .ids(ranges, form)
        next = ranges[0].first
    }

    init(_ names: [Tag]) {
        rest = .names(names)
    }

    /// Memory that it holds, in bytes.
    var heldBytes: Int {
        switch rest {
        case .ids(let ranges, _): ranges.capacity * MemoryLayout<IDRange>.stride
        case .names(let names): names.capacity * MemoryLayout<Tag>.stride
        }
    }

    /// Writes one turn's worth. Returns whether that was the end.
    mutating func write(to replies: ReplyBuffer) -> Bool {
        switch rest {
        case .ids(let ranges, let form):
            var left = Turn.ids
            while left > 0, done < ranges.count {
                let last = min(ranges[done].last, next + (left - 1))
                LongReply.write(next, through: last, form, to: replies)
                left -= last - next + 1
                if last < ranges[done].last {
                    next = last + 1
                } else {
                    done += 1
                    if done < ranges.count { next = ranges[done].first }
                }
            }
            return done == ranges.count
        case .names(let names):
            let end = min(names.count, done + Turn.names)
            for name in names[done..<end] { replies.bulk(name.name) }
            done = end
            return done == names.count
        }
    }

    /// Writes IDs in a row.
    static func write(_ first: Int64, through last: Int64, _ form: ReplyForm, to replies: ReplyBuffer) {
        guard form == .bulkStrings else { return replies.integers(first, through: last) }
        for id in first...last { replies.bulk(digitsOf: id) }
    }
}
