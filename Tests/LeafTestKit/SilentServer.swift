private import Glibc

/// A server that accepts connections and never answers, or says something at first, or lets a byte fall now and then.
package final class SilentServer: Sendable {
    private struct State: Sendable {
        var accepted = 0
        var received = 0
        var isEnding = false
    }

    private let reserved: FreePort
    private let state: TestLock<State>
    private let thread: Crew

    /// - Parameters:
    ///   - greeting: what every connection gets at once.
    ///   - dribble: a byte that every connection gets after that, again and again.
    ///   - pause: the time between two of them.
    package init(greeting: [UInt8] = [], dribble: UInt8? = nil, every pause: Duration = .milliseconds(100)) throws {
        reserved = try FreePort()
        state = TestLock(State())
        let listener = try LoopbackSocket.listen(on: reserved.number)
        thread = Crew(1) { [state] _ in
            var clients: [Int32] = []
            var next = ContinuousClock.now.advanced(by: pause)
            while !state.with({ $0.isEnding }) {
                var waits = ([listener] + clients).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
                poll(&waits, nfds_t(waits.count), 5)
                var gone: [Int32] = []
                for wait in waits.dropFirst() where wait.revents != 0 {
                    var bytes = [UInt8](repeating: 0, count: 1 << 16)
                    let count = recv(wait.fd, &bytes, bytes.count, 0)
                    if count > 0 { state.with { $0.received += count } } else { gone.append(wait.fd) }
                }
                if waits[0].revents != 0 {
                    let client = LoopbackSocket.accept(listener)
                    if client >= 0 {
                        state.with { $0.accepted += 1 }
                        clients.append(client)
                        _ = send(client, greeting, greeting.count, Int32(MSG_NOSIGNAL))
                    }
                }
                if let dribble, next <= ContinuousClock.now {
                    next = ContinuousClock.now.advanced(by: pause)
                    for client in clients { _ = send(client, [dribble], 1, Int32(MSG_NOSIGNAL)) }
                }
                for client in gone { close(client) }
                clients.removeAll { gone.contains($0) }
            }
            for descriptor in clients + [listener] { close(descriptor) }
        }
    }

    deinit {
        state.with { $0.isEnding = true }
        thread.join()
    }

    package var port: Int { reserved.number }
    /// How many connections it has accepted.
    package var accepted: Int { state.with { $0.accepted } }
    /// How many bytes it has been sent.
    package var received: Int { state.with { $0.received } }
}
