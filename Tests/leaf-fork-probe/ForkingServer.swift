internal import Glibc
internal import LeafClient

/// One client and one pool, used by a process and its descendants.
final class ForkingServer: Sendable {
    private let client: LeafClient
    private let pool: IDPool
    private let folder: String
    /// How many each process takes at least, by each of the two ways.
    private let ids: Int

    init(socket: String, folder: String, ids: Int) throws {
        client = LeafClient(socketPath: socket, timeout: .seconds(30))
        pool = try IDPool("orders", client: client)
        self.folder = folder
        self.ids = ids
    }

    func run(children: Int) throws {
        // This thread has a seat of its own, the first one, which a thread of each child takes before it asks again.
        var own = [try pool.nextBlocking()]
        let isOver = Flag()
        // Two of each kind, so that some hold locks, and wait for replies, at the moment of any fork.
        let takers = (0..<4).map { number in
            Taker { [self] in number < 2 ? try pool.nextBlocking() : try client.blocking.next("orders") }
        }
        for taker in takers { taker.start(until: isOver, atLeast: ids) }
        var forked: [pid_t] = []
        for number in 0..<children {
            own.append(try pool.nextBlocking())
            forked.append(fork("\(number)", generations: number.isMultiple(of: 5) ? 2 : 1))
            usleep(2000)
        }
        for child in forked { waitFor(child) }
        isOver.raise()
        for taker in takers { own += try taker.join() }
        write(own, "parent")
    }

    private func waitFor(_ child: pid_t) {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        if status != 0 { ForkProbe.fail("child \(child) ended with status \(status)") }
    }

    /// Forks a child, which takes IDs and forks the next generation.
    private func fork(_ name: String, generations: Int) -> pid_t {
        let child = forkProcess()
        guard child == 0 else { return child }
        // A child that hangs is to fail the test.
        alarm(240)
        do {
            let inherited = sockets()
            guard inherited.isEmpty else { ForkProbe.fail("the child has its parent's sockets: \(inherited)") }
            var taken = try take()
            if generations > 1 {
                waitFor(fork(name + "-grandchild", generations: generations - 1))
                taken += try take()
            }
            write(taken, name)
        } catch {
            ForkProbe.fail("child \(name): \(error)")
        }
        _exit(0)
    }

    /// IDs on this thread and on two more.
    private func take() throws -> [Int64] {
        var taken: [Int64] = []
        let over = Flag()
        over.raise()
        let takers = (0..<2).map { _ in Taker { [self] in try pool.nextBlocking() } }
        for taker in takers { taker.start(until: over, atLeast: 10 * ids) }
        // One of them has this thread's old seat, and by now chunks of some size in it.
        while !takers.allSatisfy({ $0.begun.isRaised }) { sched_yield() }
        for _ in 0..<ids { taken.append(try pool.nextBlocking()) }
        for _ in 0..<20 { taken.append(try client.blocking.next("orders")) }
        for taker in takers { taken += try taker.join() }
        return taken
    }

    /// Descriptors of this process that are sockets or event counters.
    private func sockets() -> [String] {
        var found: [String] = []
        for descriptor in 3..<256 {
            var target = [CChar](repeating: 0, count: 64)
            guard readlink("/proc/self/fd/\(descriptor)", &target, 63) > 0 else { continue }
            let name = String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if name.hasPrefix("socket:") || name == "anon_inode:[eventfd]" { found.append("\(descriptor) \(name)") }
        }
        return found
    }

    private func write(_ ids: [Int64], _ name: String) {
        let file = open("\(folder)/\(name).ids", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        let written = ids.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        if written != 8 * ids.count || close(file) != 0 { ForkProbe.fail("\(name).ids cannot be written") }
    }
}
