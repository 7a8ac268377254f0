internal import LeafClient

/// Who is measured: what leafd is, what it is instead of, and the least that any of them can cost.
enum Peer: String, CaseIterable, Sendable {
    /// With as many event loops as it takes by itself.
    case leafd = "leafd"
    /// With one event loop: a single thread serves, as in the others.
    case leafdOneLoop = "leafd-1"
    /// Redis that keeps nothing on disk.
    case redis = "redis"
    /// Redis with its log on disk, flushed once a second: what is closest to leafd's journal.
    case redisLog = "redis-aof"
    /// The C program of Tests/leaf-floor.
    case floor = "floor"

    /// The heading of its column.
    var title: String {
        switch self {
        case .leafd: "leafd"
        case .leafdOneLoop: "leafd, 1 loop"
        case .redis: "Redis"
        case .redisLog: "Redis, AOF"
        case .floor: "C floor"
        }
    }

    var isLeafd: Bool { self == .leafd || self == .leafdOneLoop }

    /// Starts it, and waits until it answers.
    func start(leafd: String, floor: String) throws -> RunningPeer {
        switch self {
        case .leafd: RunningPeer(self, try Leafd(leafd))
        case .leafdOneLoop: RunningPeer(self, try Leafd(leafd, settings: ["server.event-loops=1"]))
        case .redis: try redis(["--appendonly", "no"])
        case .redisLog: try redis(["--appendonly", "yes", "--appendfsync", "everysec"])
        case .floor: try server(floor) { [$0] }
        }
    }

    private func redis(_ persistence: [String]) throws -> RunningPeer {
        let folder = try WorkFolder()
        let arguments = ["--port", "0", "--dir", folder.path, "--save", "", "--loglevel", "warning"] + persistence
        return try server(RedisProgram.server(in: folder), in: folder) { arguments + ["--unixsocket", $0] }
    }

    private func server(
        _ path: String, in folder: WorkFolder? = nil, arguments: (_ socketPath: String) -> [String]
    ) throws -> RunningPeer {
        let folder = try folder ?? WorkFolder()
        let socket = folder.file("socket")
        let log = folder.file("log")
        let program = try Program(path, arguments(socket), output: log, errors: log)
        let peer = RunningPeer(self, program, folder, socketPath: socket)
        try Readiness.wait(for: program, log: log) { (try? peer.increment()) != nil }
        return peer
    }
}

/// A peer that has been started.
final class RunningPeer {
    let peer: Peer
    let socketPath: String
    private let program: Program
    /// What goes away with it.
    private let belongings: AnyObject

    init(_ peer: Peer, _ program: Program, _ folder: WorkFolder, socketPath: String) {
        self.peer = peer
        self.program = program
        self.socketPath = socketPath
        belongings = folder
    }

    init(_ peer: Peer, _ leafd: Leafd) {
        self.peer = peer
        program = leafd.program
        socketPath = leafd.socketPath
        belongings = leafd
    }

    var pid: Int32 { program.pid }

    /// One INCR by hand: the counter, one higher.
    func increment() throws -> Int64 {
        let reply = try LeafConnection(path: socketPath, timeout: .seconds(10)).command("INCR", "orders")
        guard case .integer(let number) = reply else {
            throw Problem("\(peer.title) answers INCR with \(reply)")
        }
        return number
    }

    deinit {
        program.stop(within: .seconds(5))
    }
}
