private import Glibc

/// A TCP proxy in front of a server's port, and everything that a network can do to those who talk through it.
///
/// What a call asks for holds when it returns, for every byte that has not gone through by then. Listening ends with its
/// last user, and its connections with it.
package final class FaultProxy: Sendable {
    /// Whose bytes count.
    package enum Direction: Sendable {
        case toServer
        case toClient
        case either
    }

    /// How a connection ends.
    package enum Cut: Sendable, CaseIterable {
        /// An orderly end on both sides.
        case close
        /// A reset on both sides.
        case reset
        /// Nothing goes through any more, and nobody is told.
        case blackhole
    }

    package enum Counting: Sendable {
        /// From now on, over all connections. It strikes once; the connections after it are let through.
        case fromNow
        /// From the beginning of each connection. It strikes every one of them, until `restore()`.
        case eachConnection
    }

    package struct Counters: Sendable, Equatable {
        /// How many connections were accepted.
        package var connections = 0
        /// How many there are now.
        package var open = 0
        /// Bytes that went through.
        package var toServer = 0
        package var toClient = 0
        /// How often bytes to the server followed upon bytes to the client, or upon the connection's beginning.
        package var roundTrips = 0
        /// How many connections were cut.
        package var cuts = 0

        package static func - (after: Counters, before: Counters) -> Counters {
            Counters(
                connections: after.connections - before.connections, open: after.open - before.open,
                toServer: after.toServer - before.toServer, toClient: after.toClient - before.toClient,
                roundTrips: after.roundTrips - before.roundTrips, cuts: after.cuts - before.cuts)
        }
    }

    private let reserved: FreePort
    private let orders: ProxyOrders
    private let thread: Crew

    /// Starts to let everything through.
    ///
    /// - Parameter server: the server's port on 127.0.0.1.
    package init(to server: Int) throws {
        reserved = try FreePort()
        orders = try ProxyOrders(server: server)
        let listener = try LoopbackSocket.listen(on: reserved.number)
        thread = Crew(1) { [orders, number = reserved.number] _ in
            var loop = ProxyLoop(orders, port: number, listener: listener)
            loop.run()
        }
    }

    deinit {
        orders.change { $0.isEnding = true }
        thread.join()
    }

    /// Where clients connect.
    package var port: Int { reserved.number }
    package var counters: Counters { orders.current.counters }

    // MARK: Faults

    /// Lets everything through again: listens, forwards at once, and cuts nothing. What blackholed connections have been
    /// sent meanwhile arrives now, as when a network heals.
    package func restore() {
        orders.carryOut {
            $0.isListening = true
            $0.isBlackholed = false
            $0.revives = true
            $0.delay = .zero
            $0.cut = nil
        }
    }

    /// Holds every byte up for a while, in each direction.
    package func delay(by time: Duration) {
        orders.carryOut { $0.delay = time }
    }

    /// Ends a connection when exactly so many bytes have gone through; at 0 the first byte ends it, and is lost.
    package func cut(
        afterBytes count: Int, _ direction: Direction = .either, how: Cut = .reset, counting: Counting = .fromNow
    ) {
        orders.carryOut { $0.cut = ProxyCut(count: count, direction: direction, how: how, counting: counting) }
    }

    /// Whether a cut that was asked for has yet to strike.
    package var isArmed: Bool { orders.current.cut != nil }

    /// Accepts connections, keeps those it has, and forwards nothing.
    package func blackhole() {
        orders.carryOut { $0.isBlackholed = true }
    }

    /// Stops listening: new connections are refused. Those it has go on.
    package func refuse() {
        orders.carryOut { $0.isListening = false }
    }

    /// Ends the connections it has, blackholed ones too.
    package func dropConnections(_ how: Cut = .reset) {
        orders.carryOut { $0.drop = how }
    }

    /// Sends the connections from now on to another server: as an address that moves with a failover.
    package func redirect(to server: Int) {
        orders.carryOut { $0.server = server }
    }
}

/// A cut that has been asked for.
struct ProxyCut: Sendable {
    let count: Int
    let direction: FaultProxy.Direction
    let how: FaultProxy.Cut
    let counting: FaultProxy.Counting
    /// What has gone through since, where that counts.
    var passed = 0

    func counts(toServer: Bool) -> Bool {
        switch direction {
        case .either: true
        case .toServer: toServer
        case .toClient: !toServer
        }
    }
}

/// What a proxy's user and its thread tell each other.
final class ProxyOrders: Sendable {
    struct State: Sendable {
        var server: Int
        var isListening = true
        var isBlackholed = false
        /// Connections that a cut has blackholed go on.
        var revives = false
        var delay = Duration.zero
        var cut: ProxyCut?
        /// The connections that are there are to end this way.
        var drop: FaultProxy.Cut?
        var isEnding = false
        var counters = FaultProxy.Counters()
        /// How often something was asked for, and how much of it has been seen to.
        var asked = 0
        var done = 0
    }

    private let state: TestLock<State>
    /// A pipe that wakes the thread.
    let wakeUp: Int32
    private let bell: Int32

    init(server: Int) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestProblem("no pipe: \(String(cString: strerror(errno)))") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (wakeUp, bell) = (ends[0], ends[1])
        state = TestLock(State(server: server))
    }

    deinit {
        close(wakeUp)
        close(bell)
    }

    var current: State { state.with { $0 } }

    /// Changes the state, and wakes the thread.
    func change(_ body: (inout State) -> Void) {
        state.with { state in
            state.asked += 1
            body(&state)
        }
        var byte: UInt8 = 0
        _ = write(bell, &byte, 1)
    }

    /// The same, and waits until the thread has seen to it.
    func carryOut(_ body: (inout State) -> Void) {
        change(body)
        while state.with({ $0.done < $0.asked }) { usleep(200) }
    }

    /// For the thread itself.
    func update<R>(_ body: (inout State) -> R) -> R { state.with(body) }

    /// Empties the pipe.
    func settle() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while read(wakeUp, &bytes, bytes.count) > 0 {}
    }
}
