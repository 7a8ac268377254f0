internal import LeafThreads

/// Works reports out on a thread of its own, which may take its time: one for each user in turn, so that nobody waits for
/// more than one of everybody else's.
final class ReportDesk: Sendable {
    enum Urgency {
        /// What probes and people wait for, and is known soon: every other turn.
        case soon
        /// What looks at every tag.
        case ordinary
    }

    private struct Waiting: Sendable {
        var soon = FairQueue<UInt32, @Sendable () -> Void>()
        var ordinary = FairQueue<UInt32, @Sendable () -> Void>()
        var lastWasSoon = false

        mutating func next() -> (@Sendable () -> Void)? {
            lastWasSoon = !soon.isEmpty && (ordinary.isEmpty || !lastWasSoon)
            return lastWasSoon ? soon.popFirst() : ordinary.popFirst()
        }
    }

    private let thread = BackgroundThread(name: "leafd-reports")
    private let waiting = Lock(Waiting())

    /// From any thread.
    func execute(for uid: UInt32, _ urgency: Urgency, _ task: @escaping @Sendable () -> Void) {
        waiting.with { waiting in
            switch urgency {
            case .soon: waiting.soon.append(task, for: uid)
            case .ordinary: waiting.ordinary.append(task, for: uid)
            }
        }
        thread.execute { [waiting] in waiting.with { $0.next() }?() }
    }

    func stop() { thread.stop() }
}
