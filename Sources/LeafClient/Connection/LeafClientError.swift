internal import Glibc

/// A request got no answer, or an error for an answer. The message says what happened, at which socket, and what to do.
package struct LeafClientError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// There is nothing at the path.
        case noSocket
        /// The caller may not open the socket.
        case permissionDenied
        /// A socket file is there, but nobody listens.
        case notRunning
        /// No answer within the time given.
        case timeout
        /// The daemon closed the connection, or an earlier failure did.
        case closed
        /// What came back is no RESP, or not the kind of reply that belongs to the request.
        case unexpectedReply
        /// The daemon answered with an error: `NOTAG`, `EXHAUSTED`, `ERR`, ….
        case rejected(prefix: String)
        /// Any other failure of the operating system.
        case system(errno: Int32)
    }

    package let code: Code
    package let socketPath: String
    package let message: String

    package init(_ code: Code, socketPath: String, _ message: String) {
        self.code = code
        self.socketPath = socketPath
        self.message = message
    }

    package var description: String { message }

    /// Whether leafd answered, if only to refuse. Otherwise nothing is known about its state.
    package var isAnswer: Bool {
        if case .rejected = code { true } else { false }
    }
}

extension LeafClientError {
    static func connecting(to path: String, within timeout: Duration, _ error: SocketError) -> LeafClientError {
        switch error {
        case .timedOut:
            LeafClientError(
                .timeout, socketPath: path,
                "no connection to \(path) within \(timeout): leafd is overloaded or stopped; "
                    + "look at its log, or allow more time"
            )
        case .hungUp, .failed(ECONNREFUSED):
            LeafClientError(
                .notRunning, socketPath: path,
                "nobody listens at \(path): leafd is not running; start it (systemctl start leafd, or make run)")
        case .failed(ENOENT), .failed(ENOTDIR):
            LeafClientError(
                .noSocket, socketPath: path,
                "there is no socket at \(path): start leafd (systemctl start leafd, "
                    + "or make run), or give the path of its socket"
            )
        case .failed(EACCES), .failed(EPERM):
            LeafClientError(
                .permissionDenied, socketPath: path,
                "permission denied for \(path): become a member of the socket's group (ls -l \(path)), "
                    + "then log in anew"
            )
        case .failed(ENOTSOCK), .failed(EPROTOTYPE):
            LeafClientError(
                .notRunning, socketPath: path, "\(path) is not a stream socket: give the path of leafd's socket")
        case .failed(ENAMETOOLONG):
            LeafClientError(
                .system(errno: ENAMETOOLONG), socketPath: path,
                "\"\(path)\" cannot be a socket's path: give 1 to \(UnixSocket.maxPathBytes) bytes, "
                    + "for example relative to the folder you are in"
            )
        case .failed(let number):
            LeafClientError(
                .system(errno: number), socketPath: path,
                "cannot connect to \(path): \(text(of: number))")
        }
    }

    static func talking(to path: String, within timeout: Duration, _ error: SocketError) -> LeafClientError {
        switch error {
        case .timedOut:
            LeafClientError(
                .timeout, socketPath: path,
                "no answer from \(path) within \(timeout): leafd is overloaded or stopped; "
                    + "look at its log, or allow more time"
            )
        case .hungUp:
            LeafClientError(
                .closed, socketPath: path,
                "leafd closed the connection at \(path): it was stopped, "
                    + "or refused this client; see its log, then connect again"
            )
        case .failed(let number):
            LeafClientError(
                .system(errno: number), socketPath: path,
                "the connection to \(path) failed: \(text(of: number))")
        }
    }

    static func cutReply(from path: String) -> LeafClientError {
        LeafClientError(
            .closed, socketPath: path,
            "leafd closed the connection at \(path) in the middle of a reply: it was killed; connect again")
    }

    static func alreadyClosed(_ path: String) -> LeafClientError {
        LeafClientError(
            .closed, socketPath: path,
            "the connection to \(path) was given up after an earlier failure: connect again")
    }

    static func noRESP(from path: String, _ error: ReplyError) -> LeafClientError {
        LeafClientError(
            .unexpectedReply, socketPath: path,
            "what listens at \(path) does not answer as leafd does (\(error)): give the path of leafd's socket")
    }

    /// A reply that does not belong to its request.
    package static func unexpected(_ reply: Reply, to command: String, from path: String) -> LeafClientError {
        LeafClientError(
            .unexpectedReply, socketPath: path,
            "\(command) was answered by \(reply): what listens at \(path) is not leafd, "
                + "or a version that this client does not know"
        )
    }

    private static func text(of number: Int32) -> String {
        guard let text = strerror(number) else { return "error \(number)" }
        return String(cString: text)
    }
}
