import Foundation
import LeafTestKit

/// A database and hosts whose clocks all go on at once: an hour passes for them while nobody waits.
///
/// It is as if all were suspended together. Leases end and worker ids change hands as they would have, without a row being
/// touched by hand.
final class World {
    let clock: ClockShift
    let server: MariaDBServer
    private let folder = TemporaryFolder()

    /// Why there can be none here; nil: there can.
    static let obstacle = ClockShift.obstacle ?? MariaDBServer.obstacle

    init() throws {
        let clock = try ClockShift(in: folder, "world")
        self.clock = clock
        server = try World.following(clock) { try MariaDBServer() }
        try server.makeDatabase()
        clock.slept = .seconds(1000)
        let shown = try server.sql("SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', UTC_TIMESTAMP())")
        clock.slept = .zero
        guard let seconds = Int64(shown), seconds > trueTime() / 1000 + 900 else {
            throw TestProblem("mariadbd does not follow a shifted clock: it says \(shown)")
        }
    }

    /// Starts the server again, on the same clock.
    func startServer() throws { try World.following(clock) { try server.start() } }

    /// Starts programs of the kit that know nothing of clocks.
    private static func following<R>(_ clock: ClockShift, _ body: () throws -> R) throws -> R {
        let variables = try ClockShift.environment([clock])
        for (name, value) in variables { setenv(name, value, 1) }
        defer { for name in variables.keys { unsetenv(name) } }
        return try body()
    }

    /// A host on this database and this time.
    func host(_ name: String = "leafd", url: String? = nil, settings: [String] = [], yaml: String = "") throws
        -> SnowflakeHost
    {
        try SnowflakeHost(
            name, url: url ?? server.url(), world: [clock], settings: ["store.beat=200ms"] + settings, yaml: yaml)
    }

    /// Lets time pass for all.
    func pass(_ time: Duration) { clock.slept += time }

    /// The rows of `leafd_worker`: for each worker id its generation.
    func generations() throws -> [Int: Int64] {
        var found: [Int: Int64] = [:]
        for row in try server.ids("SELECT worker_id, generation FROM leafd_worker").split(separator: "\n") {
            let columns = row.split(separator: "\t")
            if columns.count == 2, let worker = Int(columns[0]) { found[worker] = Int64(columns[1]) }
        }
        return found
    }

    /// `leafctl workers release`.
    func release(_ worker: Int, at daemon: LeafDaemon) throws {
        let result = try Tool.run(
            try Tool.product("leafctl"), ["--socket", daemon.setup.socketPath, "workers", "release", "\(worker)"])
        guard result.isSuccess else { throw TestProblem("leafctl workers release: \(result.errors)") }
    }
}
