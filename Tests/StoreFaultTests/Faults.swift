import Glibc
import LeafTestKit

/// The faults that every daemon with stock must live through.
extension Fault {
    static let all = server + network + refusals + strangers
    static let otherPassword = "another-secret"

    // MARK: The server

    static let server = [
        Fault(name: "stopped in order", named: ["reset", "closed", "lost", "gone", "shut"]) { bench in
            try bench.server.stop()
            return { try bench.server.start() }
        },
        Fault(name: "killed", named: ["reset", "closed", "lost", "gone"]) { bench in
            bench.server.kill()
            return { try bench.server.start() }
        },
        Fault(name: "frozen", named: ["did not answer", "no answer", "timeout", "within"]) { bench in
            try bench.server.pause()
            return { bench.server.resume() }
        },
    ]

    // MARK: The network

    static let network = [
        Fault(name: "network blackholed", named: ["did not answer", "no answer", "timeout", "within"]) { bench in
            bench.proxies.forEach { $0.blackhole() }
            return { bench.proxies.forEach { $0.restore() } }
        },
        Fault(name: "connections refused", named: ["refused", "(111)"]) { bench in
            bench.proxies.forEach {
                $0.refuse()
                $0.dropConnections()
            }
            return { bench.proxies.forEach { $0.restore() } }
        },
        Fault(
            name: "reset again and again", begin: { _ in {} },
            again: { bench in bench.proxies.forEach { $0.dropConnections(.reset) } }),
        Fault(name: "reset in every login", isForLong: true, named: ["reset", "closed", "lost", "gone"]) { bench in
            bench.proxies.forEach {
                $0.cut(afterBytes: 90, .toClient, how: .reset, counting: .eachConnection)
                $0.dropConnections()
            }
            return { bench.proxies.forEach { $0.restore() } }
        },
        Fault(name: "50 ms slower each way", isForLong: true) { bench in
            bench.proxies.forEach { $0.delay(by: .milliseconds(50)) }
            return { bench.proxies.forEach { $0.restore() } }
        },
        Fault(name: "so slow that no answer comes in time", isForLong: true, named: ["no answer within"]) { bench in
            let timeout = soakScale > 1 ? 2000 : 400
            bench.proxies.forEach { $0.delay(by: .milliseconds(timeout / 2 + 100)) }
            return { bench.proxies.forEach { $0.restore() } }
        },
    ]

    // MARK: What it refuses

    static let refusals = [
        Fault(name: "read-only", named: ["read-only", "read_only"]) { bench in
            try bench.server.setReadOnly(true)
            return { try bench.server.setReadOnly(false) }
        },
        Fault(
            name: "connections ended by the server again and again", isForLong: true, begin: { _ in {} },
            again: { try $0.server.dropConnections() }),
        Fault(name: "no connection left", named: ["too many"], begin: { try $0.takeAllConnections() }),
        Fault(name: "row locked", named: ["no answer within", "took too long"]) { bench in
            let holder = try RowLock(bench)
            return { try holder.release() }
        },
        Fault(
            name: "password changed, then rotated", named: ["password"],
            begin: { bench in
                try bench.setPassword(Fault.otherPassword)
                try bench.server.dropConnections()
                // One that was logging in at that moment got in with the old password; by now it is through.
                pauseThread(.milliseconds(1500))
                try bench.server.dropConnections()
                return { try bench.rotate(Fault.otherPassword) }
            },
            afterwards: { bench in
                try bench.setPassword(ServerUser.password)
                try bench.rotate(ServerUser.password)
            }),
        Fault(name: "table gone and back", named: ["leaf_alloc"]) { bench in
            try bench.sql("ALTER TABLE leaf_alloc RENAME TO leaf_alloc_away")
            return { try bench.sql("ALTER TABLE leaf_alloc_away RENAME TO leaf_alloc") }
        },
        Fault(name: "counter set back by 1,000,000", aftermath: "lift") { bench in
            try bench.sql("UPDATE leaf_alloc SET max_id = max_id - 1000000 WHERE biz_tag = 'hot'")
            // What is due at once is the other.
            try bench.sql("UPDATE leaf_alloc SET max_id = max_id - 1000 WHERE biz_tag = 'tiny'")
            return {}
        },
    ]

    // MARK: Others in its place

    static let strangers = [
        Fault(name: "another store in its place", named: ["the journal's stock comes from"]) { bench in
            let stranger = try bench.kind.stranger
            try stranger.makeDatabase(bench.database)
            // Its counters are at the beginning.
            var setup = DaemonSetup(tags: FaultBench.tags)
            setup.settings += [
                "store.url=" + stranger.url(database: bench.database), "store.create-schema=true",
            ]
            setup.environment["LEAFD_STORE_PASSWORD"] = ServerUser.password
            let maker = try LeafDaemon(setup)
            try eventually("the other store is there") { (try? maker.next("hot")) != nil }
            try maker.stop()
            return try bench.lead(to: stranger.port)
        },
        Fault(
            name: "a certificate of a foreign authority",
            settings: [
                "store.tls=verify-full",
                "store.ca-file=" + ((try? StoreKind.certificates.get().authorityPath) ?? "missing"),
            ], named: ["certificate"]
        ) { bench in
            try bench.lead(to: try bench.kind.stranger.port)
        },
        Fault(name: "a server of the other kind in its place", named: ["MySQL", "MariaDB", "PostgreSQL"]) { bench in
            try bench.lead(to: try bench.kind.other.server.port)
        },
        Fault(
            name: "a silent server in its place", isForLong: true,
            named: ["did not answer", "no answer", "timeout", "within"]
        ) {
            bench in
            let silent = try SilentServer()
            let back = try bench.lead(to: silent.port)
            return {
                try back()
                withExtendedLifetime(silent) {}
            }
        },
        Fault(name: "an HTTP server in its place", isForLong: true, named: ["MySQL", "MariaDB", "PostgreSQL"]) {
            bench in
            let web = try SilentServer(greeting: Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8))
            let back = try bench.lead(to: web.port)
            return {
                try back()
                withExtendedLifetime(web) {}
            }
        },
    ]
}

extension FaultBench {
    /// Sends the daemons' connections elsewhere. Returns what sends them back.
    func lead(to port: Int) throws -> @Sendable () throws -> Void {
        for proxy in proxies {
            proxy.redirect(to: port)
            proxy.dropConnections()
        }
        return { [self] in
            for proxy in proxies {
                proxy.redirect(to: server.port)
                proxy.dropConnections()
            }
        }
    }

    func setPassword(_ password: String) throws {
        switch kind {
        case .mariaDB: try server.sql("ALTER USER \(ServerUser.name)@'%' IDENTIFIED BY '\(password)'")
        case .postgreSQL: try server.sql("ALTER ROLE \(ServerUser.name) PASSWORD '\(password)'")
        }
    }

    /// Leaves no connection for the daemons. Returns what gives them back.
    func takeAllConnections() throws -> @Sendable () throws -> Void {
        let server = server
        switch kind {
        case .mariaDB:
            return try Crowd(server, database).disperse
        case .postgreSQL:
            try server.sql("ALTER ROLE \(ServerUser.name) CONNECTION LIMIT 0")
            try server.dropConnections()
            return { try server.sql("ALTER ROLE \(ServerUser.name) CONNECTION LIMIT -1") }
        }
    }
}

/// So many clients of MariaDB that it has room for no more.
private final class Crowd: Sendable {
    /// The least that can be set.
    private static let size = 10

    private let server: any DatabaseServer
    private let usual: String
    private let clients = TestLock<[ChildProcess]>([])

    init(_ server: any DatabaseServer, _ database: String) throws {
        self.server = server
        usual = try server.sql("SELECT @@max_connections")
        // Nobody takes the places that the daemons leave but the crowd.
        try server.sql("ALTER USER \(ServerUser.name)@'%' ACCOUNT LOCK")
        try server.dropConnections()
        try server.sql("SET GLOBAL max_connections = \(Crowd.size)")
        try eventually("there is no room") { () throws -> Bool in
            let missing = clients.with { clients in
                clients.removeAll { $0.exit() != nil }
                return Crowd.size - clients.count
            }
            for _ in 0..<missing { try join() }
            pauseThread(.milliseconds(100))
            return clients.with { $0.allSatisfy { $0.exit() == nil } }
        }
        // Beside them there is one place, for the superuser; a daemon that is being refused may be in it.
        try eventually("the daemons may try") { () throws -> Bool in
            (try? server.sql("ALTER USER \(ServerUser.name)@'%' ACCOUNT UNLOCK")) != nil
        }
    }

    private func join() throws {
        guard let program = Tool.find("mariadb") else { throw TestProblem("there is no mariadb here") }
        let client = try ChildProcess(
            program,
            ["--no-defaults", "--user=root", "--socket=\(server.socketPath)", "--execute=SELECT SLEEP(600)"])
        clients.with { $0.append(client) }
    }

    @Sendable func disperse() throws {
        clients.with { $0.removeAll() }
        try eventually("there is room again") { (try? server.sql("SET GLOBAL max_connections = \(usual)")) != nil }
    }
}

/// Another transaction that holds the row of `tiny` for as long as it is told to.
final class RowLock: Sendable {
    private let bench: FaultBench
    private let crew: Crew

    init(_ bench: FaultBench) throws {
        self.bench = bench
        let sleep = bench.kind == .mariaDB ? "SLEEP" : "pg_sleep"
        crew = Crew(1) { _ in
            // Its connection is ended in the middle of it.
            _ = try? bench.sql(
                """
                BEGIN;
                SELECT max_id FROM leaf_alloc WHERE biz_tag = 'tiny' FOR UPDATE;
                SELECT \(sleep)(55);
                """)
        }
        try eventually("the row is locked") { try holders.isEmpty ? nil : () }
    }

    /// Who holds it: the sleepers of the database.
    private var holders: [String] {
        get throws {
            let rows =
                switch bench.kind {
                case .mariaDB:
                    try bench.sql(
                        "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT SLEEP%'"
                    )
                case .postgreSQL:
                    try bench.sql(
                        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'"
                    )
                }
            return rows.split(separator: "\n").map(String.init)
        }
    }

    func release() throws {
        for holder in try holders {
            try bench.sql(bench.kind == .mariaDB ? "KILL \(holder)" : "SELECT pg_terminate_backend(\(holder))")
        }
        crew.join()
    }
}
