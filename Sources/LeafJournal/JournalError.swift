/// The journal did not do what was asked. The message says what happened, to which file, and what to do.
package struct JournalError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Another daemon holds the journal's lock.
        case locked
        /// The folder or its files cannot be made, opened or read.
        case inaccessible
        /// A record is not what it must be.
        case damaged
        /// There is no room: the commit did not take place, and a later one can.
        case full
        /// The commit failed, and nobody knows whether it is on disk.
        case unknownOutcome
        /// What was asked for was meant for a journal that another one has replaced since.
        case replaced
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
