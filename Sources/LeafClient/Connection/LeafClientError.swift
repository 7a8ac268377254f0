internal import Glibc

/// A request got no answer, or an error for an answer.
///
/// The message says what happened, at which socket, and what to do; `code` is for programs.
public struct LeafClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is. Later versions may know more kinds: give a `switch` a `default`.
    public enum Code: Hashable, Sendable {
        /// There is nothing at the path.
        case noSocket
        /// The caller may not open the socket.
        case permissionDenied
        /// A socket file is there, but nobody listens.
        case notRunning
        /// No answer within the time given.
        case timeout
        /// The daemon closed the connection, or an earlier failure did, or the client was closed by its own program.
        case closed
        /// What came back is no RESP, or not the kind of reply that belongs to the request.
        case unexpectedReply
        /// The daemon answered with an error, whose first word is the prefix: `NOTAG`, `EXHAUSTED`, `ERR`, ….
        case rejected(prefix: String)
        /// The request was not sent, since its tag or count cannot be right.
        case invalidRequest
        /// The request was not sent, since too many are under way in this process.
        case tooManyRequests
        /// Any other failure of the operating system, by its number.
        case system(errno: Int32)
    }

    /// What kind of failure it is.
    public let code: Code
    /// The path of the socket that was asked.
    public let socketPath: String
    /// What happened, to which value, and what to do, in one sentence for people.
    public let message: String
    // An array, since a struct cannot hold one of its own kind.
    private let causes: [LeafClientError]

    /// An error. Programs that stand in for leafd in their tests make their own.
    ///
    /// - Parameters:
    ///   - code: what kind of failure it is.
    ///   - socketPath: the path of the socket that was asked.
    ///   - message: what happened, and what to do.
    ///   - cause: the failure that led to this one, if there is one.
    public init(_ code: Code, socketPath: String, _ message: String, cause: LeafClientError? = nil) {
        self.code = code
        self.socketPath = socketPath
        self.message = message
        causes = cause.map { [$0] } ?? []
    }

    /// The failure that led to this one: for a request that found no daemon until its deadline, why the last attempt to
    /// connect failed.
    public var cause: LeafClientError? { causes.first }

    /// The message.
    public var description: String { message }

    /// Whether leafd answered, if only to refuse. Otherwise nothing is known about its state.
    public var isAnswer: Bool {
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

    static func clientClosed(_ path: String) -> LeafClientError {
        LeafClientError(
            .closed, socketPath: path,
            "the client of \(path) was closed by its own program: make another one to ask for more")
    }

    /// The deadline of a call has passed.
    ///
    /// - Parameter failure: why there is no connection, if there is none.
    static func late(_ path: String, _ timeout: Duration, _ failure: LeafClientError?) -> LeafClientError {
        guard let failure else { return talking(to: path, within: timeout, .timedOut) }
        return LeafClientError(
            failure.code, socketPath: path, "not within \(timeout): \(failure.message)", cause: failure)
    }

    static func tooManyRequests(_ path: String, _ limit: Int) -> LeafClientError {
        LeafClientError(
            .tooManyRequests, socketPath: path,
            "\(limit) requests to \(path) are under way already: ask for several IDs at once, or use an IDPool")
    }

    static func noThread(_ path: String, _ number: Int32) -> LeafClientError {
        LeafClientError(
            .system(errno: number), socketPath: path,
            "the client of \(path) got no thread or descriptor: \(text(of: number)); look at ulimit -n and -u")
    }

    /// The daemon's own error reply.
    static func rejection(_ reply: Reply, at path: String) -> LeafClientError {
        guard case .error(let prefix, let message) = reply else { preconditionFailure("\(reply) is no error") }
        return LeafClientError(.rejected(prefix: prefix), socketPath: path, "\(prefix) \(message)")
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
