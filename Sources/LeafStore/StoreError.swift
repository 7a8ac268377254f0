/// A central store did not do what was asked. The message says what happened, to which value, and what to do.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// Cannot be reached, or does not answer in time. Try again later.
        case unavailable
        /// Busy, locked, deadlocked, serialization failure: try again soon.
        case transient
        /// Reached, but may not be written: a read-only file, file system or replica.
        case readOnly
        /// A store that the journal knows has lost its file, its tables or its identity.
        case missing
        /// Another store answers at this place than the one the journal knows.
        case foreignStore
        /// It shows a sign of having lost commits: the session must be settled anew, which lifts the counters.
        case wentBackward
        /// Wrong password, privilege, schema or setting: stays until somebody mends it.
        case misconfigured
        /// The data is not what it must be (a max_id that is no integer, a damaged file).
        case corrupt
        case noSuchTag
        case tagExists
        /// The request contradicts what the store holds.
        case conflict
    }

    package let code: Code
    package let message: String
    package let cause: (any Error)?
    /// The session is of no more use: close it, open another.
    package let isSessionLost: Bool
    /// What makes two errors the same to an operator, where the messages do not: they may name the host that was tried.
    private let topic: String?

    /// - Parameter topic: the same for all errors that are one failure; nil: the message without its numbers.
    package init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, isSessionLost: Bool = false, topic: String? = nil
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.isSessionLost = isSessionLost
        self.topic = topic
    }

    /// Equal for errors of which an operator need not hear twice: numbers in a message (of connections, ports, tries) change
    /// while the failure stays the same.
    package var sameness: String {
        if let topic { return "\(code.rawValue) \(topic)" }
        var text = "\(code.rawValue) "
        for scalar in message.unicodeScalars {
            guard ("0"..."9").contains(scalar) else {
                text.unicodeScalars.append(scalar)
                continue
            }
            if text.last != "#" { text.append("#") }
        }
        return text
    }

    package var description: String { message }

    /// Whether it concerns the store as a whole (back off, report DEGRADED) and not one request.
    package var isOutage: Bool {
        switch code {
        case .unavailable, .transient, .readOnly, .missing, .foreignStore, .misconfigured, .corrupt: true
        case .wentBackward, .noSuchTag, .tagExists, .conflict: false
        }
    }
}
