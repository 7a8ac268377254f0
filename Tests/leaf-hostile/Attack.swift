/// One way to be a bad client: what its connections send, and whether they read.
struct Attack: Sendable {
    let name: String
    /// What it is, for people.
    let what: String
    var connections = 1
    /// Sent once, as far as the daemon takes it.
    var opening: [UInt8] = []
    /// Sent again and again behind it, as fast as the daemon takes it.
    var flood: [UInt8] = []
    /// Sent over and over a byte at a time, one on each connection in every interval.
    var dribble: [UInt8] = []
    var dribbleInterval = Duration.seconds(1)
    /// Takes the replies and forgets them.
    var reads = true
    /// Says after the opening that it sends no more.
    var closesItsSide = false
    /// Gives each connection up at once, and opens another.
    var reconnects = false
    /// Opens another when the daemon ends one.
    var comesBack = false
    /// What differs in the daemon's configuration, as for `--set`.
    var settings: [String] = []
    /// The daemon's limit of open files.
    var descriptors: Int?
    /// Whose uid it takes if the tests are root's; nil: their own.
    var uid: UInt32? = 65_534

    static func named(_ name: String) -> Attack? { all.first { $0.name == name } }
}

extension Attack {
    static let all: [Attack] = [
        Attack(name: "idle", what: "10,000 connections that say nothing", connections: 10_000, reads: false),
        Attack(name: "storm", what: "connects and closes as fast as it can", connections: 64, reconnects: true),
        Attack(
            name: "files", what: "1,000 connections, 256 open files", connections: 1000, reads: false, comesBack: true,
            descriptors: 256),
        Attack(
            name: "slow", what: "a byte a second on 500 connections", connections: 500, dribble: lines("NEXT orders")),
        Attack(
            name: "deaf", what: "NEXT 100000 on 300 connections, never reads", connections: 300,
            flood: lines("NEXT orders 100000"), reads: false),
        Attack(
            name: "half-closed", what: "2,000 closed on one side, never read", connections: 2000,
            opening: repeated("NEXT orders 1000", 40), reads: false, closesItsSide: true),
        Attack(name: "unknown", what: "unknown commands, one connection", flood: repeated("X", 8000)),
        Attack(name: "no tag", what: "tags that are not there", flood: repeated("NEXT nothing", 4000)),
        Attack(name: "NEXT", what: "pipelines of 100,000 NEXT", flood: repeated("NEXT orders", 100_000)),
        Attack(name: "PING", what: "pipelines of 100,000 PING", flood: repeated("PING", 100_000)),
        Attack(
            name: "SNOWFLAKE", what: "pipelines of 100,000 SNOWFLAKE", flood: repeated("SNOWFLAKE", 100_000)),
        Attack(
            name: "mixed", what: "pipelines of 100,000, two tags in turn",
            flood: repeated("NEXT orders\r\nNEXT users", 50_000)),
        Attack(
            name: "100 × NEXT", what: "the same on 100 connections", connections: 100,
            flood: repeated("NEXT orders", 10_000)),
        Attack(
            name: "NEXT 100000", what: "huge counts, 16 connections", connections: 16,
            flood: lines("NEXT orders 100000")),
        Attack(
            name: "LEASE", what: "LEASE of 100,000, 16 connections", connections: 16,
            flood: lines("LEASE orders 100000")),
        Attack(
            name: "MULTI", what: "MULTI, 100 × NEXT 100000, EXEC", connections: 4,
            flood: lines("MULTI") + repeated("NEXT orders 100000", 100) + lines("EXEC")),
        Attack(
            name: "no EXEC", what: "MULTI and 10,000 requests, 400 connections", connections: 400,
            opening: lines("MULTI") + repeated("ECHO " + String(repeating: "x", count: 500), 10_000), comesBack: true),
        Attack(
            name: "long lines", what: "4 KiB lines without end, 5,000 conn.", connections: 5000,
            opening: Array(repeating: UInt8(ascii: "x"), count: 4000), dribble: [UInt8(ascii: "x")],
            dribbleInterval: .seconds(5), comesBack: true),
        Attack(
            name: "long arrays", what: "63 of 64 × 4 KiB, 2,000 connections", connections: 2000,
            opening: longArray, comesBack: true),
        Attack(
            name: "parked", what: "12,000 wait for a lease", connections: 12_000,
            flood: lines("NEXT scarce 100000"), settings: ["server.max-connections-per-uid=0"]),
        Attack(
            name: "reports", what: "STATS, INFO, TAGS on 200 connections", connections: 200,
            flood: lines("STATS") + lines("INFO") + lines("TAGS")),
        Attack(
            name: "names", what: "CLIENT SETNAME of 4 KiB, 2,000 conn.", connections: 2000,
            opening: lines("CLIENT SETNAME " + String(repeating: "n", count: 4000))),
        Attack(
            name: "admin", what: "admin commands as nobody",
            flood: lines("DROP orders") + lines("CREATE x") + lines("BUMP ALL")),
        Attack(name: "HELLO", what: "HELLO 3 in pipelines", flood: repeated("HELLO 3", 8000)),
        Attack(
            name: "half read", what: "NEXT 100000, hangs up at once", connections: 16,
            flood: lines("NEXT orders 100000"),
            reconnects: true),
    ]

    static func lines(_ text: String) -> [UInt8] { Array((text + "\r\n").utf8) }

    private static func repeated(_ text: String, _ times: Int) -> [UInt8] {
        Array(String(repeating: text + "\r\n", count: times).utf8)
    }

    /// An array of 64 arguments, the last of which never comes.
    private static var longArray: [UInt8] {
        let argument = Array("$4096\r\n".utf8) + Array(repeating: UInt8(ascii: "x"), count: 4096) + Array("\r\n".utf8)
        return Array("*64\r\n".utf8) + (0..<63).flatMap { _ in argument }
    }
}
