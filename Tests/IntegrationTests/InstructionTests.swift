import Foundation
import LeafClient
import LeafTestKit
import Testing

/// The release build to count: `make test` makes one, and says where it is.
private let release = ProcessInfo.processInfo.environment["RELEASE_LEAFD"] ?? ""

extension Integration {
    /// The gate against a slower hot path: instructions instead of seconds, which are the same on any day and beside any load.
    /// Meant to be red when a request costs a tenth more than agreed on.
    @Suite("What a request costs", .serialized, .enabled(if: !release.isEmpty, "RELEASE_LEAFD names no release build"))
    struct InstructionTests {
        struct Cost: CustomTestStringConvertible, Sendable {
            let name: String
            /// What is asked, in turn.
            let requests: [[String]]
            let pipelined: Int
            /// Instructions in user space for one request, by all threads of the daemon.
            let most: Int

            var testDescription: String { name }
        }

        /// A tenth above what was counted: processors differ in how they copy and compare bytes.
        static let costs = [
            Cost(name: "PING", requests: [["PING"]], pipelined: 1, most: 1990),
            Cost(name: "NEXT", requests: [["NEXT", "orders"]], pipelined: 1, most: 1950),
            Cost(name: "NEXT, 16 at a time", requests: [["NEXT", "orders"]], pipelined: 16, most: 300),
            Cost(name: "INCR, 16 at a time", requests: [["INCR", "orders"]], pipelined: 16, most: 300),
            Cost(
                name: "NEXT, two tags in turn, 16 at a time", requests: [["NEXT", "orders"], ["NEXT", "users"]],
                pipelined: 16, most: 1690),
        ]

        @Test func `a request costs no more instructions than agreed on`() throws {
            let daemon = try CountedDaemon(release)
            for cost in InstructionTests.costs {
                let counted = try daemon.instructions(of: cost.requests, pipelined: cost.pipelined, requests: 16_000)
                figure("\(cost.name): \(counted) instructions a request")
                #expect(counted > 100, "nothing was counted for \(cost.name)")
                #expect(
                    counted <= cost.most,
                    """
                    \(cost.name) has become dearer. What it is spent on: valgrind --tool=callgrind, then callgrind_annotate. If it is \
                    worth it, agree on a new figure here.
                    """)
            }
        }
    }
}

/// A leafd under valgrind's callgrind.
private final class CountedDaemon {
    private let setup: DaemonSetup
    private let process: ChildProcess
    private let connection: LeafConnection
    private var dumps = 0

    private var countsPath: String { setup.folder.file("instructions") }

    init(_ program: String) throws {
        setup = DaemonSetup(
            tags: ["{name: orders, step: 1000000}", "{name: users, step: 1000000}"],
            settings: ["server.event-loops=1", "segments.max-step=1000000"])
        try setup.write()
        guard let valgrind = Tool.find("valgrind") else { throw TestProblem("there is no valgrind here") }
        process = try ChildProcess(
            valgrind,
            ["--tool=callgrind", "--callgrind-out-file=" + setup.folder.file("instructions"), program]
                + ["--config", setup.configurationPath] + setup.settings.flatMap { ["--set", $0] },
            output: setup.outputPath, errors: setup.logPath)
        let path = setup.socketPath
        let (process, log) = (process, setup.logPath)
        connection = try eventually("the daemon answers", within: .seconds(60)) {
            if let exit = process.exit() { throw TestProblem("valgrind ended with \(exit):\n\(Tool.text(log))") }
            let connection = try? LeafConnection(path: path, timeout: .seconds(60))
            return (try? connection?.next("orders")) == nil ? nil : connection
        }
    }

    /// How many instructions one of many such requests costs.
    func instructions(of kinds: [[String]], pipelined: Int, requests: Int) throws -> Int {
        try ask(kinds, pipelined, requests / 4)
        try control("--zero")
        try ask(kinds, pipelined, requests)
        dumps += 1
        try control("--dump")
        let counts = Tool.text("\(countsPath).\(dumps)").split(separator: "\n")
        guard let total = counts.last(where: { $0.hasPrefix("totals: ") }).flatMap({ Int($0.dropFirst(8)) }) else {
            throw TestProblem("callgrind has written no total into \(countsPath).\(dumps)")
        }
        return total / requests
    }

    private func ask(_ kinds: [[String]], _ pipelined: Int, _ requests: Int) throws {
        let batch = (0..<pipelined).map { kinds[$0 % kinds.count] }
        for _ in 0..<requests / pipelined {
            for reply in try connection.pipeline(batch) where reply.isError {
                throw TestProblem("\(kinds) was answered by \(reply)")
            }
        }
    }

    private func control(_ order: String) throws {
        let result = try Tool.run("callgrind_control", [order, String(process.pid)])
        guard result.isSuccess, result.output.contains("OK") else {
            throw TestProblem("callgrind_control \(order): \(result.output)\(result.errors)")
        }
    }
}
