internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import LeafStore

/// CREATE, ALTER, DROP, BUMP, FORGET, FENCE: carried out by the store's thread, on behalf of administrators.
extension ConnectionHandler {
    func refuseAdmin() {
        fail(
            server.policy.hasAdminSocket && !client.isOnAdminSocket
                ? ErrorReplies.useAdminSocket : ErrorReplies.notAdmin)
    }

    func administer(_ command: Command, _ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        switch command {
        case .create: create(arguments, bytes)
        case .alter: alter(arguments, bytes)
        case .drop: if let tag = tag(arguments.bytes(1, of: bytes)) { submit(.drop(tag)) }
        case .bump: bump(arguments, bytes)
        case .forget: if let tag = tag(arguments.bytes(1, of: bytes)) { submit(.forget(tag)) }
        case .fence: submit(.fence)
        case .workers: workers(arguments, bytes)
        default: notYet(command)
        }
    }

    /// `CREATE tag [STEP n] [START n] [MAX n] [DESCRIPTION text]`: the text is all that follows.
    private func create(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        guard let tag = tag(arguments.bytes(1, of: bytes)) else { return }
        var (step, start, limit) = (server.defaultStep, Int64?.none, Int64?.none)
        var description: String?
        var index = 2
        while index < arguments.count {
            let option = arguments.bytes(index, of: bytes)
            if isWord(option, "description") {
                let words = (index + 1..<arguments.count).map {
                    String(decoding: arguments.bytes($0, of: bytes), as: UTF8.self)
                }
                description = words.joined(separator: " ")
                break
            }
            guard index + 1 < arguments.count else { return fail("ERR \(quoted(option)) needs a value") }
            guard let number = positive(arguments.bytes(index + 1, of: bytes), of: option) else { return }
            if isWord(option, "step") {
                step = number
            } else if isWord(option, "start") {
                start = number
            } else if isWord(option, "max") {
                limit = number
            } else {
                return fail(
                    "ERR syntax error at '\(quoted(option))': CREATE tag [STEP n] [START n] [MAX n] [DESCRIPTION text]")
            }
            index += 2
        }
        guard step <= ConnectionHandler.stepMax else { return refuseStep(step) }
        if let limit, limit < start ?? 1 { return fail("ERR MAX \(limit) is below the first ID, \(start ?? 1)") }
        if let description, description.utf8.count > ConnectionHandler.descriptionMax {
            return fail("ERR a description has at most \(ConnectionHandler.descriptionMax) bytes")
        }
        submit(.create(NewTag(tag: tag, step: step, start: start, limit: limit, description: description)))
    }

    /// `ALTER tag STEP n`
    private func alter(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        guard let tag = tag(arguments.bytes(1, of: bytes)) else { return }
        let option = arguments.bytes(2, of: bytes)
        guard isWord(option, "step") else { return fail("ERR syntax error: ALTER tag STEP n") }
        guard let step = positive(arguments.bytes(3, of: bytes), of: option) else { return }
        guard step <= ConnectionHandler.stepMax else { return refuseStep(step) }
        submit(.alter(tag, step: step))
    }

    /// `BUMP tag n`, `BUMP ALL`: by the number, since a tag may be named ALL.
    private func bump(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        let name = arguments.bytes(1, of: bytes)
        guard arguments.count == 3 else {
            guard isWord(name, "all") else { return fail("ERR syntax error: BUMP tag n, or BUMP ALL for all tags") }
            return submit(.bumpAll)
        }
        guard let tag = tag(name) else { return }
        let argument = arguments.bytes(2, of: bytes)
        guard let counter = parseInteger(argument), counter >= 1 else {
            return fail("ERR the counter '\(quoted(argument))' is not an integer from 1 to \(Int64.max)")
        }
        submit(.bump(tag, to: counter))
    }

    /// The column is an INT in Leaf's table.
    private static var stepMax: Int64 { Int64(Int32.max) }
    private static var descriptionMax: Int { 256 }

    private func refuseStep(_ step: Int64) {
        fail("ERR STEP \(step) is out of range: 1 to \(ConnectionHandler.stepMax)")
    }

    func submit(_ change: AdminJob.Change) {
        recent = nil
        ask(carryOut(change)) { [self] error in
            if let error { fail(error) } else { replies.simple("OK") }
        }
    }

    /// Has the store's thread carry a change out, and hands over the error reply if it fails.
    func carryOut(_ change: AdminJob.Change) -> (@escaping @Sendable (String?) -> Void) -> Void {
        { [engine] done in
            engine.submit(
                AdminJob(change) { result in
                    switch result {
                    case .success: done(nil)
                    case .failure(let error): done(ErrorReplies.text(error))
                    }
                })
        }
    }

    private func tag(_ name: UnsafeRawBufferPointer) -> Tag? {
        do throws(TagError) {
            return try Tag(utf8: name)
        } catch {
            fail(ErrorReplies.text(error))
            return nil
        }
    }

    private func positive(_ argument: UnsafeRawBufferPointer, of option: UnsafeRawBufferPointer) -> Int64? {
        if let number = parseInteger(argument), number >= 1 { return number }
        fail("ERR \(quoted(option)) '\(quoted(argument))' is not a positive integer")
        return nil
    }
}
