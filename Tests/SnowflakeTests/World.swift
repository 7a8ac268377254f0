import Foundation
import LeafTestKit

/// A database and hosts whose clocks all go on at once: an hour passes for them while nobody waits.
///
/// It is as if all were suspended together. Leases end and worker ids change hands as they would have, without a row being
/// touched by hand. The database is this world's alone; its server, and so the time, is shared by all worlds of one kind.
struct World {
    let kind: StoreKind
    let database = StoreKind.newDatabase()
    private let shared: StoreKind.Shared

    var clock: ClockShift { shared.clock }
    var server: any DatabaseServer { shared.server }

    /// Why there can be none here; nil: there can.
    static let obstacle =
        ClockShift.obstacle
        ?? (StoreKind.available.isEmpty ? "neither MariaDB nor PostgreSQL is installed" : nil)
    /// The servers that tests are run on.
    static let kinds = obstacle == nil ? StoreKind.available : []

    /// - Parameter kind: nil: it does not matter which.
    init(_ kind: StoreKind? = nil) throws {
        guard let kind = kind ?? World.kinds.first else { throw TestProblem(World.obstacle ?? "") }
        self.kind = kind
        shared = try kind.shared
        try server.makeDatabase(database)
    }

    /// Starts the server again, on the same clock.
    func startServer() throws { try shared.start() }

    /// - Parameter proxy: what is between; nil: nothing.
    func url(_ proxy: FaultProxy? = nil) -> String { server.url(port: proxy?.port, database: database) }

    /// A host on this database and this time.
    func host(_ name: String = "leafd", url: String? = nil, settings: [String] = [], yaml: String = "") throws
        -> SnowflakeHost
    {
        try SnowflakeHost(
            name, url: url ?? self.url(), world: [clock], settings: ["store.beat=200ms"] + settings, yaml: yaml)
    }

    /// Lets time pass for all.
    func pass(_ time: Duration) { clock.slept += time }

    /// The time of all, in milliseconds since 1970.
    var now: Int64 { trueTime() + Int64(clock.slept.seconds * 1000) }

    @discardableResult
    func sql(_ text: String) throws -> String { try server.sql(text, database: database) }

    /// The rows of `leafd_worker`: for each worker id its generation.
    func generations() throws -> [Int: Int64] { try server.workers(in: database).mapValues(\.generation) }

    /// Up to when a worker id may be stamped with, once nothing moves that any more, in milliseconds since 1970.
    func end(of worker: Int) throws -> Int64 {
        var last: Int64?
        return try eventually("the lease of worker id \(worker) stands still", within: patience) {
            defer { pauseThread(.milliseconds(50)) }
            let end = try server.workers(in: database)[worker]?.lastTime
            defer { last = end }
            return end == last ? end : nil
        }
    }

    /// Lets an hour pass, so that a lease reaches as far: its end is then none that a slow machine meets. Nobody else may want
    /// that worker id.
    func letLeaseGrow(of worker: Int) throws {
        pass(.seconds(3600))
        try eventually("the lease of worker id \(worker) grows", within: patience, every: .milliseconds(20)) {
            try server.workers(in: database)[worker]?.lastTime ?? 0 > now + 3_000_000
        }
    }

    /// `leafctl workers release`.
    func release(_ worker: Int, at daemon: LeafDaemon) throws {
        let options = ["--socket", daemon.setup.socketPath, "--timeout", "60s"]
        let result = try Tool.run(try Tool.product("leafctl"), options + ["workers", "release", "\(worker)"])
        guard result.isSuccess else { throw TestProblem("leafctl workers release: \(result.errors)") }
    }
}

extension DatabaseServer {
    /// The rows of `leafd_worker`.
    func workers(in database: String = ServerUser.database) throws -> [Int: (
        holder: String, generation: Int64, lastTime: Int64
    )] {
        var found: [Int: (holder: String, generation: Int64, lastTime: Int64)] = [:]
        let rows = try sql("SELECT worker_id, generation, ts_hi, holder FROM leafd_worker", database: database)
        for row in rows.split(separator: "\n") {
            let columns = row.split(separator: "\t", omittingEmptySubsequences: false)
            guard columns.count == 4, let worker = Int(columns[0]), let generation = Int64(columns[1]),
                let lastTime = Int64(columns[2])
            else { throw TestProblem("leafd_worker has a row \(row)") }
            found[worker] = (String(columns[3]), generation, lastTime)
        }
        return found
    }
}
