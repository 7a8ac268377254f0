internal import LeafProtocol

/// What Redis clients say at connect and expect answers to, as their sources have it; nothing of it concerns IDs.
extension ConnectionHandler {
    func greet(_ command: Command, _ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        switch command {
        case .ping:
            if arguments.count == 2 { replies.bulk(arguments.bytes(1, of: bytes)) } else { replies.simple("PONG") }
        case .echo: replies.bulk(arguments.bytes(1, of: bytes))
        case .quit:
            replies.simple("OK")
            state = .closing
        case .select: select(arguments.bytes(1, of: bytes))
        case .reset:
            _ = transaction.discard()
            clientName = ""
            protocolVersion = 2
            replies.simple("RESET")
        case .auth: fail(ConnectionHandler.noPassword)
        case .client: describeClient(arguments, bytes)
        case .command: describeCommands(arguments, bytes)
        case .config: config(arguments, bytes)
        case .hello: hello(arguments, bytes)
        default: notYet(command)
        }
    }

    private static var noPassword: String {
        "ERR AUTH <password> called without any password configured for the default user. "
            + "Are you sure your configuration is correct?"
    }

    private func select(_ database: UnsafeRawBufferPointer) {
        switch parseInteger(database) {
        case 0: replies.simple("OK")
        case nil: fail("ERR value is not an integer or out of range")
        default: fail("ERR DB index is out of range")
        }
    }

    private func describeClient(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        guard arguments.count >= 2 else { return fail("ERR wrong number of arguments for 'client' command") }
        let subcommand = arguments.bytes(1, of: bytes)
        if isWord(subcommand, "setname"), arguments.count == 3 {
            clientName = quoted(arguments.bytes(2, of: bytes))
            replies.simple("OK")
        } else if isWord(subcommand, "getname") {
            replies.bulk(clientName)
        } else if isWord(subcommand, "id") {
            replies.integer(client.number)
        } else if isWord(subcommand, "setinfo"), arguments.count == 4 {
            replies.simple("OK")
        } else {
            fail("ERR unknown subcommand '\(quoted(subcommand))'. Try CLIENT HELP.")
        }
    }

    private func describeCommands(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        if arguments.count >= 2, isWord(arguments.bytes(1, of: bytes), "count") {
            replies.integer(Int64(Command.allCases.count))
        } else {
            replies.arrayHead(0)
        }
    }

    private func config(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        guard arguments.count >= 3, isWord(arguments.bytes(1, of: bytes), "get") else {
            return fail("ERR only CONFIG GET is served: leafd is configured by its file, see leafd --check")
        }
        replies.arrayHead((arguments.count - 2) * 2)
        for index in 2..<arguments.count {
            replies.bulk(arguments.bytes(index, of: bytes))
            replies.bulk("")
        }
    }

    /// `HELLO [2|3 [AUTH user password] [SETNAME name]]`: only this reply differs between the versions.
    private func hello(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        var version = protocolVersion
        if arguments.count >= 2 {
            guard let asked = parseInteger(arguments.bytes(1, of: bytes)) else {
                return fail("ERR Protocol version is not an integer or out of range")
            }
            guard asked == 2 || asked == 3 else { return fail("NOPROTO unsupported protocol version") }
            version = Int(asked)
        }
        var name: String?
        var index = 2
        while index < arguments.count {
            let option = arguments.bytes(index, of: bytes)
            if isWord(option, "auth"), index + 2 < arguments.count { return fail(ConnectionHandler.noPassword) }
            guard isWord(option, "setname"), index + 1 < arguments.count else {
                return fail("ERR Syntax error in HELLO option '\(quoted(option))'")
            }
            name = quoted(arguments.bytes(index + 1, of: bytes))
            index += 2
        }
        if let name { clientName = name }
        protocolVersion = version
        if version == 3 { replies.mapHead(7) } else { replies.arrayHead(14) }
        for (key, value) in [("server", "leafd"), ("version", ConnectionHandler.redisVersion)] {
            replies.bulk(key)
            replies.bulk(value)
        }
        replies.bulk("proto")
        replies.integer(Int64(version))
        replies.bulk("id")
        replies.integer(client.number)
        for (key, value) in [("mode", "standalone"), ("role", "master")] {
            replies.bulk(key)
            replies.bulk(value)
        }
        replies.bulk("modules")
        replies.arrayHead(0)
    }

    /// The Redis whose protocol this is: clients choose what they say by it.
    static let redisVersion = "7.0.0"
}
