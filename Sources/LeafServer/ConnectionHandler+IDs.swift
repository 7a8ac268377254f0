internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
private import Glibc

/// How IDs are written into a reply.
enum ReplyForm {
    case integer
    case integers
    case bulkString
    case bulkStrings
    /// `first, last, first, last…`
    case ranges
    /// The last of them.
    case last
}

/// NEXT, INCR, INCRBY, LEASE.
extension ConnectionHandler {
    // MARK: The hot path

    /// Counts the request in with those before it, if it asks for one more ID of the same tag, or begins a run of another.
    ///
    /// False: it is no such request, or those before it must wait, and so must it.
    func joinRun(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard arguments.count == 2 else { return arguments.count == 1 && joinSnowflakes(arguments, bytes) }
        let name = arguments.bytes(0, of: bytes)
        let isNext = Command.isNext(name)
        guard isNext || Command.isIncr(name), !transaction.isOpen else { return false }
        let tag = arguments.bytes(1, of: bytes)
        let isSameTag = isRecent(tag)
        if !isSameTag || snowflakes > 0 {
            flushRun()
            guard state == .ready else { return false }
        }
        let command = isNext ? Command.next : .incr
        inbox.tally.count(command)
        guard isSameTag || turn(to: tag) else {
            joined = nil
            return true
        }
        runLength += 1
        joined = command
        return true
    }

    /// Counts in the requests behind the one that was joined last that are the same, byte by byte: a client that pipelines
    /// mostly repeats itself, and to compare is a third of the work of decoding.
    ///
    /// - Parameter request: where that one lies within `bytes`.
    /// - Returns: how many bytes they have together.
    func joinRepeats(of request: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let joined, let base = bytes.baseAddress else { return 0 }
        let length = request.count
        var end = request.upperBound
        let stop = min(bytes.count, request.upperBound + Turn.bytesRead)
        while stop - end >= length, memcmp(base + request.lowerBound, base + end, length) == 0 { end += length }
        guard end > request.upperBound else { return 0 }
        let count = Int64((end - request.upperBound) / length)
        inbox.tally.count(joined, count)
        effort += Int(count) / Turn.repeats
        if joined == .snowflake { snowflakes += count } else { runLength += count }
        return end - request.upperBound
    }

    private func remember(_ name: UnsafeRawBufferPointer) {
        if recentName.isEmpty { recentName = Array(repeating: 0, count: Tag.maxLength) }
        recentName.withUnsafeMutableBytes { $0.copyMemory(from: name) }
        recentLength = name.count
    }

    private func isRecent(_ tag: UnsafeRawBufferPointer) -> Bool {
        guard recentLength == tag.count, recent != nil, let start = tag.baseAddress else { return false }
        return recentName.withUnsafeBytes { memcmp($0.baseAddress!, start, tag.count) == 0 }
    }

    /// Answers the run: as many as can be had at once under one lock, the next one that cannot parks. What is left of it when
    /// the turn is over keeps its place.
    func flushRun() {
        if snowflakes > 0 { flushSnowflakes() }
        guard runLength > 0, let entry = recent else { return }
        while state == .ready, runLength > 0 {
            if let range = entry.take(upTo: runLength) {
                runLength -= range.count
                replies.integers(range.first, through: range.last)
            } else {
                runLength -= 1
                serve(Demand(count: 1, more: runLength), entry, .integer)
                interruptRun()
            }
        }
    }

    /// Refusals of one run can take longer than a turn.
    func interruptRun() {
        if isTurnOver, state == .ready, runLength + snowflakes > 0 { state = .clogged }
    }

    /// Takes the IDs and writes the reply, or waits for them, or says why there are none.
    private func serve(_ demand: Demand, _ entry: TagEntry, _ form: ReplyForm) {
        effort += Turn.effortOfDemand
        let token = inbox.nextToken()
        ranges.removeAll(keepingCapacity: true)
        switch entry.request(demand, token: token, ranges: &ranges) {
        case .taken: reply(ranges, form)
        case .parked: wait(token, .tag(entry, form))
        case .refused(.noTag):
            // Perhaps there is a new entry by its name: this one was made before the tag list was known.
            if let current = current(entry.tag), current !== entry {
                if recent === entry { recent = current }
                return serve(demand, current, form)
            }
            refuse(.noTag, entry)
        case .refused(let refusal): refuse(refusal, entry)
        }
    }

    func refuse(_ refusal: Refusal, _ entry: TagEntry) {
        fail(ErrorReplies.text(refusal, tag: entry.tag))
    }

    private func current(_ tag: Tag) -> TagEntry? {
        if case .found(let entry) = tag.withBytes({ engine.find($0) }) { entry } else { nil }
    }

    func reply(_ ranges: [IDRange], _ form: ReplyForm) {
        switch form {
        case .integer: replies.integer(ranges[0].first)
        case .bulkString: replies.bulk(digitsOf: ranges[0].first)
        case .last: replies.integer(ranges[ranges.count - 1].last)
        case .integers, .bulkStrings:
            let count = ranges.reduce(0) { $0 + $1.count }
            replies.arrayHead(Int(count))
            guard count <= Turn.ids else { return write(LongReply(ranges, form)) }
            for range in ranges { LongReply.write(range.first, through: range.last, form, to: replies) }
        case .ranges:
            replies.arrayHead(ranges.count * 2)
            for range in ranges {
                replies.integer(range.first)
                replies.integer(range.last)
            }
        }
    }

    // MARK: Commands

    /// `NEXT tag [count] [STRING]`
    func next(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        var count = arguments.count
        let asString = count > 2 && isWord(arguments.bytes(count - 1, of: bytes), "string")
        if asString { count -= 1 }
        guard count <= 3 else { return fail("ERR syntax error: NEXT tag [count] [STRING]") }
        if count == 2 {
            take(tag: arguments.bytes(1, of: bytes), count: 1, asString ? .bulkString : .integer)
        } else if let number = self.count(arguments.bytes(2, of: bytes)) {
            take(tag: arguments.bytes(1, of: bytes), count: number, asString ? .bulkStrings : .integers)
        }
    }

    /// `LEASE tag count`
    func lease(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        guard let number = count(arguments.bytes(2, of: bytes)) else { return }
        take(tag: arguments.bytes(1, of: bytes), count: number, .ranges)
    }

    /// `INCR tag`
    func incr(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        take(tag: arguments.bytes(1, of: bytes), count: 1, .integer)
    }

    /// `INCRBY tag n`: `n` IDs in a row, the last of which is the reply.
    func incrby(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        guard let number = count(arguments.bytes(2, of: bytes)) else { return }
        take(tag: arguments.bytes(1, of: bytes), count: number, .last, contiguous: true)
    }

    private func take(tag name: UnsafeRawBufferPointer, count: Int64, _ form: ReplyForm, contiguous: Bool = false) {
        guard let entry = find(name) else { return }
        serve(Demand(count: count, isContiguous: contiguous), entry, form)
    }

    /// A count within the limits; otherwise writes the error.
    func count(_ argument: UnsafeRawBufferPointer) -> Int64? {
        guard let number = parseInteger(argument) else {
            fail("ERR the count '\(quoted(argument))' is not an integer or out of range")
            return nil
        }
        guard number >= 1 && number <= limits.maxBatch else {
            fail("ERR the count \(number) is out of range: ask for 1 to \(limits.maxBatch) (server.max-batch)")
            return nil
        }
        return number
    }

    /// The tag's entry if there is one and this client may use it; otherwise writes the error.
    func find(_ name: UnsafeRawBufferPointer) -> TagEntry? {
        isRecent(name) || turn(to: name) ? recent : nil
    }

    /// Makes another tag the recent one if there is one by that name and this client may use it; otherwise writes the error.
    private func turn(to name: UnsafeRawBufferPointer) -> Bool {
        effort += Turn.effortOfRun
        switch engine.find(name) {
        case .found(let entry):
            guard grant.allows(entry.tag) else {
                fail(ErrorReplies.noPermission(entry.tag))
                return false
            }
            recent = entry
            remember(name)
            return true
        case .refused(let refusal, let tag):
            fail(ErrorReplies.text(refusal, tag: tag))
        case .invalid(let error):
            fail(ErrorReplies.text(error))
        }
        return false
    }
}
