internal import LeafCore
internal import LeafThreads

/// Connections on which nothing happens are closed, where there is an idle timeout.
extension ConnectionHandler {
    func noteActivity() {
        if idleTimer != nil { lastActivity = .now() }
    }

    func watchIdleness() {
        lastActivity = .now()
        checkIdleness(after: limits.idleTimeout)
    }

    func checkIdleness(after time: Duration) {
        idleTimer = inbox.loop.schedule(in: time) { [unowned self] in
            let left = limits.idleTimeout - MonotonicTime.now().since(lastActivity)
            switch state {
            case .waiting, .asking: checkIdleness(after: limits.idleTimeout)
            // With replies that nobody reads as without.
            default: if left > .zero { checkIdleness(after: left) } else { close() }
            }
        }
    }
}
