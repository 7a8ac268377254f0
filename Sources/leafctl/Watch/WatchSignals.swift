internal import Glibc

/// The signals that concern a program on a terminal, held back and fetched one by one.
///
/// There is no handler, in which hardly anything would be allowed: they stay blocked, and `next` looks whether one is there.
struct WatchSignals {
    private var set = sigset_t()
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH]

    init() {
        sigemptyset(&set)
        for signal in WatchSignals.signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// One that has come; nil if none has.
    mutating func next() -> Int32? {
        var now = timespec()
        let signal = sigtimedwait(&set, nil, &now)
        return signal > 0 ? signal : nil
    }

    /// Lets a signal do what it does to a program that has not asked for it: whoever waits for this process sees by what it
    /// has ended. SIGTSTP comes back from here when the process goes on.
    func die(of signal: Int32) {
        if signal == SIGTSTP {
            raise(SIGSTOP)
            return
        }
        Glibc.signal(signal, SIG_DFL)
        var one = sigset_t()
        sigemptyset(&one)
        sigaddset(&one, signal)
        raise(signal)
        pthread_sigmask(SIG_UNBLOCK, &one, nil)
    }
}
