internal import LeafCore
package import LeafStore

extension SQLSession {
    package func lease(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult] {
        guard !requests.isEmpty else { return [] }
        // In tag order, as in every store: two daemons that lease the same tags must not wait for each other crosswise.
        let order = requests.indices.sorted { requests[$0].tag < requests[$1].tag }
        let results = try leaseInOrder(order.map { requests[$0] })
        return zip(order, results).sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func leaseInOrder(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult] {
        if requests.count > 1 || !hasSeenCounterStay {
            do throws(StoreError) {
                return try leaseTogether(requests)
            } catch {
                // A row that refuses (a trigger, a check) must not keep the others from their leases.
                guard error.code == .conflict, !error.isSessionLost else { throw error }
            }
        }
        var results: [LeaseResult] = []
        for request in requests { results.append(try leaseAlone(request)) }
        return results
    }

    /// What one request became: a statement, and what is needed to read its reply.
    private struct Attempt {
        let request: LeaseRequest
        let count: Int64
        /// At least 1: no ID is lower. A counter of 0 is go-leaf's way to begin.
        let floor: Int64
        let jump: Int64

        /// The jump lies somewhat above the jump that was asked for: a counter that stands right there was lifted by this very lease. Others
        /// may have lifted it to the jump itself.
        init(_ request: LeaseRequest, count: Int64) {
            self.request = request
            self.count = count
            floor = max(request.floor, 1)
            guard request.floor > 0 else {
                jump = floor
                return
            }
            let (sum, overflow) = request.jump.addingReportingOverflow(.random(in: 1...65536))
            jump = overflow ? request.jump : sum
        }
    }

    private func statement(_ attempt: Attempt) -> SQLStatement {
        leaseSQL.lease(
            attempt.request, count: attempt.count, floor: attempt.floor, jump: attempt.jump, server: server)
    }

    /// One transaction and one round trip for all of them.
    private func leaseTogether(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult] {
        let attempts = requests.map { Attempt($0, count: $0.count) }
        var statements = attempts.map(statement)
        // The reply tells what the statement wrote, not what a trigger made of it.
        if !hasSeenCounterStay { statements += requests.map { leaseSQL.counter($0.tag) } }
        let replies = try connection.runTogether(statements)
        var results: [LeaseResult] = []
        for (index, attempt) in attempts.enumerated() {
            let isLastOfTag = index + 1 == requests.count || requests[index + 1].tag != attempt.request.tag
            let seen = !hasSeenCounterStay && isLastOfTag ? replies[requests.count + index] : nil
            if let result = try result(attempt, replies[index], seen) {
                results.append(result)
            } else {
                // Its row was not changed, and it is not clear why.
                results.append(try leaseAlone(attempt.request))
            }
        }
        if results.contains(where: { if case .leased = $0 { true } else { false } }) { hasSeenCounterStay = true }
        return results
    }

    private func leaseAlone(_ request: LeaseRequest) throws(StoreError) -> LeaseResult {
        var count = request.count
        for _ in 0..<Self.triesMax {
            let attempt = Attempt(request, count: count)
            do throws(StoreError) {
                let reply = try connection.run(statement(attempt))
                if let result = try result(attempt, reply, nil) { return result }
            } catch {
                guard error.code == .conflict, !error.isSessionLost else { throw error }
                return .abandoned(
                    "\(request.tag): a constraint or trigger of \(shape.tableName) refused the lease (\(error))")
            }
            switch try whyNot(request) {
            case .result(let result): return result
            case .atMost(let most): count = min(count, most)
            }
        }
        return .abandoned("\(request.tag): the row changes all the time; look for what changes it")
    }

    /// Others may move the counter while this daemon finds out why it could not.
    private static let triesMax = 4

    /// Believes a reply only where everything about it is as it must be. Nil: no row was changed.
    private func result(
        _ attempt: Attempt, _ reply: SQLReply, _ seen: SQLReply?
    ) throws(StoreError) -> LeaseResult? {
        let tag = attempt.request.tag
        let isReturning = leaseSQL.lease.returnsRows
        if reply.affectedRows == 0, reply.rows.isEmpty { return nil }
        let value = isReturning ? (reply.rows.count == 1 ? reply.rows[0][0].integer : nil) : reply.insertID
        if isReturning, let row = reply.rows.first, row[2] == .text("off") {
            return .abandoned(
                "\(tag): its commit was not durable: synchronous_commit is off; set it to on for this user")
        }
        if !isReturning, value == nil {
            return .abandoned(
                "\(tag): its reply tells no counter: a trigger on UPDATE of \(shape.tableName) hides it; remove the trigger"
            )
        }
        let answer = LeaseReply(
            affectedRows: reply.affectedRows, maxID: value, isAcknowledged: reply.isAcknowledged)
        switch answer.verdict(count: attempt.count, floor: attempt.request.floor) {
        case .abandoned(let problem): return .abandoned("\(tag): the lease is abandoned: \(problem)")
        case .leased(let segment):
            if let seen, seen.rows.count != 1 || seen.rows[0][0] != .integer(segment.end) {
                return .abandoned(
                    "\(tag): max_id does not stay at \(segment.end) after a lease; remove the trigger that changes it")
            }
            let step = isReturning ? step(reply.rows[0][1]) : nil
            let lifted = attempt.request.floor > 0 && segment.start == attempt.jump
            return .leased(Lease(segment: segment, tableStep: step, lifted: lifted))
        }
    }

    private enum Reason {
        case result(LeaseResult)
        /// Again, for so many: all that the tag's maximum leaves, or as before.
        case atMost(Int64)
    }

    /// Finds out why a lease changed no row. Nothing of what it reads is ever issued.
    private func whyNot(_ request: LeaseRequest) throws(StoreError) -> Reason {
        try requireSettled(request.agent)
        let rows = try connection.run(leaseSQL.counter(request.tag)).rows
        guard let row = rows.first else { return .result(.noSuchTag) }
        guard row[3] == .integer(0) else { return .result(.abandoned(Self.cleaned(request.tag.name))) }
        guard let before = row[0].integer else {
            return .result(
                .abandoned("\(request.tag): max_id is no 64-bit integer but \(row[0].shown); put the row right"))
        }
        let start = before < request.floor ? request.jump : max(before, 1)
        let limit: Int64?
        do throws(StoreError) {
            limit = try integer(row[2], shape.names.limit(request.tag))
        } catch {
            return .result(.abandoned(error.message))
        }
        guard let limit else { return start > .max - request.count ? .result(.overflow(maxID: before)) : .atMost(.max) }
        guard start <= limit else { return .result(.overflow(maxID: before)) }
        let (rest, overflow) = (limit - start).addingReportingOverflow(1)
        return .atMost(overflow ? .max : rest)
    }

    static func cleaned(_ tag: String) -> String {
        "\(tag): auto_clean sets its counter back every day, so that its IDs repeat; set auto_clean to 0 to lease it"
    }

    /// The step of a row; the default where it is none.
    func step(_ value: SQLValue) -> Int64 {
        if let step = value.integer, step >= 1 { step } else { defaultStep }
    }
}
