internal import LeafCore
internal import LeafProtocol

extension ConnectionHandler {
    /// Answers one request, or queues it within MULTI.
    func dispatch(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        let name = arguments.bytes(0, of: bytes)
        guard let command = Command(name) else {
            transaction.spoil()
            return fail(unknownCommand(arguments, bytes))
        }
        guard command.arity.contains(arguments.count) else {
            transaction.spoil()
            return fail("ERR wrong number of arguments for '\(command.lowercaseName)' command")
        }
        if transaction.isOpen && !Transaction.ending.contains(command) {
            return queue(arguments, bytes)
        }
        inbox.tally.count(command)
        if command.isAdministrative {
            guard grant.isAdmin else { return refuseAdmin() }
            return administer(command, arguments, bytes)
        }
        run(command, arguments, bytes)
    }

    private func run(_ command: Command, _ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        switch command {
        case .next: next(arguments, bytes)
        case .lease: lease(arguments, bytes)
        case .incr: incr(arguments, bytes)
        case .incrby: incrby(arguments, bytes)
        case .snowflake: snowflake(arguments, bytes)
        case .decode: decode(arguments, bytes)
        case .tags: tags()
        case .stats: stats(arguments, bytes)
        case .info: info(arguments, bytes)
        case .health: health()
        case .multi: beginTransaction()
        case .exec: execute()
        case .discard: discard()
        default: greet(command, arguments, bytes)
        }
    }

    /// A part of the protocol that this version does not serve.
    func notYet(_ command: Command) {
        fail("ERR \(command.name) is not served by this version of leafd")
    }

    private func unknownCommand(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) -> String {
        var text = "ERR unknown command '\(quoted(arguments.bytes(0, of: bytes)))', with args beginning with: "
        for index in 1..<max(1, min(arguments.count, 4)) { text += "'\(quoted(arguments.bytes(index, of: bytes)))' " }
        return text
    }

    // MARK: Transactions

    private func queue(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        if transaction.append(arguments, bytes, most: Int(limits.maxBatch)) {
            replies.simple("QUEUED")
        } else {
            transaction.spoil()
            fail(
                "ERR a MULTI may queue at most \(limits.maxBatch) requests (server.max-batch) "
                    + "of \(Transaction.bytesMax >> 20) MiB together")
        }
    }

    private func beginTransaction() {
        guard transaction.begin() else { return fail("ERR MULTI calls can not be nested") }
        mayHold = true
        replies.simple("OK")
    }

    private func execute() {
        switch transaction.execute() {
        case .notOpen: fail("ERR EXEC without MULTI")
        case .spoiled: fail("EXECABORT Transaction discarded because of previous errors.")
        case .replay(let count): replies.arrayHead(count)
        }
    }

    private func discard() {
        guard transaction.discard() else { return fail("ERR DISCARD without MULTI") }
        replies.simple("OK")
    }
}
