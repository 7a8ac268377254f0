/// A blocking connection to leafd, for tools and tests: one command after another, or many at once, each with a deadline.
///
/// Replies come in the order of the requests. A connection that failed in a way that could put a reply beside the wrong
/// request (a timeout of `command`, a broken stream) closes itself, and every later call says so.
///
/// Not Sendable: it belongs to one thread at a time. No Foundation, no NIO; `poll` does the waiting.
package final class LeafConnection {
    /// The socket's path, as it was given.
    package let path: String
    /// How long one call may take in all: sending, the daemon's work, and the reply.
    package var timeout: Duration

    private var socket: UnixSocket?
    private var parser = ReplyParser()
    /// The daemon has ended its side: what `parser` holds is all there will be.
    private var isAtEnd = false
    private var readBuffer = [UInt8](repeating: 0, count: 64 * 1024)

    /// Connects.
    ///
    /// - Parameters:
    ///   - path: of the Unix socket, 1 to 107 bytes.
    ///   - timeout: for connecting, and for each later call.
    package init(path: String, timeout: Duration = .seconds(2)) throws(LeafClientError) {
        self.path = path
        self.timeout = timeout
        do throws(SocketError) {
            socket = try UnixSocket(path: path, deadline: Deadline(in: timeout))
        } catch {
            throw .connecting(to: path, within: timeout, error)
        }
    }

    package var isOpen: Bool { socket != nil }

    /// Closes at once. Replies still on their way are lost.
    package func close() {
        socket = nil
    }

    // MARK: - One command

    /// Sends a command and waits for its reply. An error reply is returned, not thrown.
    package func command(_ words: [String]) throws(LeafClientError) -> Reply {
        try pipeline([words])[0]
    }

    package func command(_ words: String...) throws(LeafClientError) -> Reply {
        try command(words)
    }

    // MARK: - Many commands

    /// Sends all commands, then waits for all replies, within one `timeout`.
    package func pipeline(_ commands: [[String]]) throws(LeafClientError) -> [Reply] {
        let deadline = Deadline(in: timeout)
        do throws(LeafClientError) {
            try write(RequestEncoder.bytes(of: commands), deadline)
            var replies: [Reply] = []
            replies.reserveCapacity(commands.count)
            while replies.count < commands.count { replies.append(try read(deadline)) }
            return replies
        } catch {
            close()
            throw error
        }
    }

    /// Sends commands without waiting for their replies. What arrives meanwhile is kept for `receive`, so that a daemon
    /// that stops reading from clients that do not read cannot bring both to a halt.
    package func send(_ commands: [[String]]) throws(LeafClientError) {
        try send(bytes: RequestEncoder.bytes(of: commands))
    }

    /// Sends bytes as they are: an inline line, half a request, or noise. A hang-up shows at the next `receive`.
    package func send(bytes: [UInt8]) throws(LeafClientError) {
        do throws(LeafClientError) {
            try write(bytes, Deadline(in: timeout))
        } catch {
            close()
            throw error
        }
    }

    /// Ends the sending side alone; replies to what was sent still arrive, then the end of the stream.
    package func finishSending() {
        socket?.shutdownWriting()
    }

    /// Waits for the next reply. A timeout leaves the connection open, and the reply can be asked for again.
    ///
    /// - Parameter timeout: the connection's own if nil.
    package func receive(within timeout: Duration? = nil) throws(LeafClientError) -> Reply {
        do throws(LeafClientError) {
            return try read(Deadline(in: timeout ?? self.timeout))
        } catch {
            if error.code != .timeout { close() }
            throw error
        }
    }

    // MARK: - Bytes

    /// Sends all of it, and reads meanwhile. A hang-up on the way is no error yet: what the daemon said before it ("too many
    /// clients") is still to be read, and explains it.
    private func write(_ bytes: [UInt8], _ deadline: Deadline) throws(LeafClientError) {
        guard isOpen else { throw .alreadyClosed(path) }
        var rest = bytes[...]
        do throws(SocketError) {
            while !rest.isEmpty && !isAtEnd {
                rest = rest.dropFirst(try socket!.write(rest))
                if rest.isEmpty { return }
                let ready = try socket!.wait(forWriting: true, until: deadline)
                if ready.canRead { try fill() }
                // A peer that talks without end would keep `wait` from ever noticing.
                if deadline.hasPassed { throw .timedOut }
            }
        } catch {
            if error != .hungUp { throw .talking(to: path, within: timeout, error) }
        }
    }

    private func read(_ deadline: Deadline) throws(LeafClientError) -> Reply {
        var hasRead = false
        while true {
            if let reply = try parsed() { return reply }
            guard isOpen else { throw .alreadyClosed(path) }
            do throws(SocketError) {
                if isAtEnd { throw .hungUp }
                if hasRead && deadline.hasPassed { throw .timedOut }
                _ = try socket!.wait(forWriting: false, until: deadline)
                try fill()
                hasRead = true
            } catch {
                if error == .hungUp && parser.isInsideReply { throw .cutReply(from: path) }
                throw .talking(to: path, within: timeout, error)
            }
        }
    }

    private func parsed() throws(LeafClientError) -> Reply? {
        do throws(ReplyError) {
            return try parser.next()
        } catch {
            throw .noRESP(from: path, error)
        }
    }

    /// Takes in what has arrived, without waiting.
    private func fill() throws(SocketError) {
        guard let count = try socket!.read(into: &readBuffer) else { return }
        isAtEnd = count == 0
        parser.append(readBuffer[..<count])
    }
}
