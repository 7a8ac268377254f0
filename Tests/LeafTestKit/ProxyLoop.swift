private import Glibc

/// The thread of a proxy: waits for sockets, orders and the moments when delayed bytes are due.
struct ProxyLoop {
    private let orders: ProxyOrders
    private let port: Int
    /// Negative: connections are refused.
    private var listener: Int32
    private var connections: [ProxyConnection] = []

    init(_ orders: ProxyOrders, port: Int, listener: Int32) {
        self.orders = orders
        self.port = port
        self.listener = listener
    }

    mutating func run() {
        while true {
            orders.settle()
            let state = orders.update { state in
                let taken = state
                state.drop = nil
                state.revives = false
                return taken
            }
            if state.isEnding { break }
            obey(state)
            for connection in connections where !isHeld(connection, state) { connection.forward() }
            connections.removeAll { $0.isOver }
            orders.update { [count = connections.count] now in
                now.done = state.asked
                now.counters.open = count
            }
            wait(state)
        }
        for connection in connections { connection.end(.close) }
        if listener >= 0 { close(listener) }
    }

    private mutating func obey(_ state: ProxyOrders.State) {
        if let how = state.drop {
            for connection in connections { connection.end(how) }
        }
        if state.revives {
            for connection in connections { connection.isBlackholed = false }
        }
        if state.isListening, listener < 0 { listener = (try? LoopbackSocket.listen(on: port)) ?? -1 }
        if !state.isListening, listener >= 0 {
            close(listener)
            listener = -1
        }
    }

    private func isHeld(_ connection: ProxyConnection, _ state: ProxyOrders.State) -> Bool {
        state.isBlackholed || connection.isBlackholed
    }

    private mutating func wait(_ state: ProxyOrders.State) {
        var waits = [pollfd(fd: orders.wakeUp, events: Int16(POLLIN), revents: 0)]
        if listener >= 0 { waits.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
        var due: ContinuousClock.Instant?
        for connection in connections where !isHeld(connection, state) {
            waits += connection.waits
            if let next = connection.due { due = min(due ?? next, next) }
        }
        // Rounded up: the time must have come when the wait ends.
        let pause = due.map { Int32(max(0, (ContinuousClock.now.duration(to: $0).seconds * 1000).rounded(.up))) }
        poll(&waits, nfds_t(waits.count), pause ?? -1)

        if listener >= 0, waits[1].revents != 0 { accept(state) }
        let ready = Dictionary(waits.map { ($0.fd, Int32($0.revents)) }) { $0 | $1 }
        for connection in connections { connection.take(ready, delay: state.delay) }
    }

    private mutating func accept(_ state: ProxyOrders.State) {
        while true {
            let client = LoopbackSocket.accept(listener)
            guard client >= 0 else { return }
            orders.update { $0.counters.connections += 1 }
            let server = LoopbackSocket.connect(to: state.server)
            guard server >= 0 else {
                LoopbackSocket.reset(client)
                continue
            }
            connections.append(ProxyConnection(client: client, server: server, orders))
        }
    }
}
