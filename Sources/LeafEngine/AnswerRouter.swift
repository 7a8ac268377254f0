package import LeafCore
private import LeafThreads
private import Synchronization

/// Takes answers for parked requests: one for each event loop.
package protocol AnswerReceiver: AnyObject, Sendable {
    /// Called from any thread, once for a batch.
    func deliver(_ answers: [ParkedAnswer])
}

/// Brings the answers of parked requests back to the event loops they came from, in one hand-over a loop and batch, and
/// counts how many are parked.
final class AnswerRouter: Sendable {
    private let receivers = Lock<[any AnswerReceiver]>([])
    private let pending = Lock<[ParkedAnswer]>([])
    private let parkedCount = Atomic<Int>(0)

    func register(_ receiver: any AnswerReceiver) -> Int32 {
        receivers.with {
            $0.append(receiver)
            return Int32($0.count - 1)
        }
    }

    var parked: Int { parkedCount.load(ordering: .relaxed) }

    func didPark() { parkedCount.add(1, ordering: .relaxed) }
    func didUnpark() { parkedCount.subtract(1, ordering: .relaxed) }

    /// Keeps answers until `flush`.
    func collect(_ answers: [ParkedAnswer]) {
        guard !answers.isEmpty else { return }
        parkedCount.subtract(answers.count, ordering: .relaxed)
        pending.with { $0.append(contentsOf: answers) }
    }

    func flush() {
        let answers = pending.with { pending in
            defer { pending = [] }
            return pending
        }
        guard !answers.isEmpty else { return }
        let receivers = receivers.with { $0 }
        for (index, mine) in Dictionary(grouping: answers, by: \.token.receiver) {
            receivers[Int(index)].deliver(mine)
        }
    }
}
