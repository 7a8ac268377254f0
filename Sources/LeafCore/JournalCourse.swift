/// What follows from a commit: **commit → witness → limit**, and what if one of them fails.
///
/// A pure machine: the journal's thread tells it each outcome, and does what it says next.
package struct JournalCourse: Hashable, Sendable {
    /// How a commit ended.
    package enum Outcome: Hashable, Sendable {
        case durable
        /// No room: nothing was written, and a later commit can succeed.
        case notWritten
        /// It may be on disk or not.
        case unknown
    }

    package enum Step: Hashable, Sendable {
        /// Rewrite the witness so that it names this commit, and report how that went.
        case writeWitness(sequence: UInt64)
        /// The witness names an older commit than limits are about to rely on: unlink it, and report how that went. Then
        /// the next start proves nothing, which is safe.
        case removeWitness
        /// Tell the tags of the commit that it is durable: limits rise.
        case acknowledge
        /// Tell them that it is not: limits stay. Try again after a pause.
        case retry
        /// Tell them that it is not, commit no more to this journal, set it aside and start another.
        case replace
    }

    /// The newest commit known to be durable.
    package private(set) var sequence: UInt64
    /// No further commit goes into this journal.
    package private(set) var isAbandoned = false
    /// There is a witness file, as far as is known.
    private var hasWitness: Bool

    package init(sequence: UInt64, hasWitness: Bool) {
        self.sequence = sequence
        self.hasWitness = hasWitness
    }

    package mutating func committed(_ outcome: Outcome, sequence: UInt64) -> Step {
        precondition(!isAbandoned)
        switch outcome {
        case .durable:
            self.sequence = sequence
            return .writeWitness(sequence: DuplicateGuard.witnessOrder.isOn ? sequence : sequence - 1)
        case .notWritten: return .retry
        case .unknown:
            guard DuplicateGuard.unknownOutcome.isOn else { return .retry }
            isAbandoned = true
            return .replace
        }
    }

    /// - Parameter succeeded: the witness names this commit now.
    package mutating func wroteWitness(_ succeeded: Bool) -> Step {
        if succeeded {
            hasWitness = true
            return .acknowledge
        }
        return hasWitness ? .removeWitness : .acknowledge
    }

    /// - Parameter succeeded: there is no witness any more.
    package mutating func removedWitness(_ succeeded: Bool) -> Step {
        guard succeeded else { return .retry }
        hasWitness = false
        return .acknowledge
    }
}
