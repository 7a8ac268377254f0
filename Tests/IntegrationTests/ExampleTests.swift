import Foundation
import LeafTestKit
import Testing

extension Integration {
    @Suite("Asked by the examples of Docs/Clients.md")
    struct ExampleTests {
        @Test(arguments: Example.all)
        func `get an ID, a batch, and a pool's worth out of whole leases`(example: Example) throws {
            let command = try example.command()
            let daemon = try LeafDaemon(DaemonSetup())
            let result = try command.run(daemon.setup.socketPath, "orders", lines: 2500)
            #expect(result.isSuccess, "\(result.errors)")
            let ids = result.allIDs
            #expect(ids.count == 2504 && ids.first == 1 && ids.last == 2504 && ids == ids.sorted())
            expectUnique(ids, count: 2504)
            // Three leases of a thousand, of which the third is not used up: what a pool holds at the end is lost.
            #expect(try daemon.next() == 3005)
        }

        @Test(arguments: Example.all)
        func `raise an error reply with its text`(example: Example) throws {
            let command = try example.command()
            let daemon = try LeafDaemon(DaemonSetup())
            let result = try command.run(daemon.setup.socketPath, "nobody", lines: 1)
            #expect(result.exit == .code(1))
            #expect(result.output == "")
            #expect(result.errors.contains("NOTAG no such tag nobody"), "\(result.errors)")
        }

        @Test(arguments: Example.all)
        func `go on after leafd was restarted, and after it was killed`(example: Example) throws {
            let command = try example.command()
            let daemon = try LeafDaemon(DaemonSetup())
            let dialog = try Dialog(command, [daemon.setup.socketPath, "orders"])
            try dialog.ask(10, total: 14)
            try daemon.restart()
            try dialog.ask(1500, total: 1514)
            daemon.kill()
            try daemon.start()
            try dialog.ask(1500, total: 3014)
            expectUnique(try dialog.end(), count: 3014)
        }

        @Test(.enabled(if: Tool.isThere(systemPython), "no \(systemPython) here"), arguments: Example.all)
        func `believe no reply that was cut off`(example: Example) throws {
            let command = try example.command()
            let leafd = try CuttingStandIn()
            let result = try command.run(leafd.socketPath, "orders", lines: 3)
            #expect(result.isSuccess, "\(result.errors)")
            #expect(result.allIDs == [1, 2, 3, 4, 5000, 5001, 5002])
        }

        @Test(.enabled(if: Tool.isThere(systemPython), "no \(systemPython) here"))
        func `in Python never deal in a child what its parent has leased`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let ids = try forking(
                """
                take(10)
                children = [fork(lambda: take(1500)) for _ in range(4)]
                take(1500)
                wait(children)
                """, daemon)
            expectUnique(ids, count: 10 + 5 * 1500)
        }

        @Test(.enabled(if: Tool.isThere(systemPython), "no \(systemPython) here"))
        func `in Python never deal one range twice, whatever threads are at work when a process forks`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let ids = try forking(
                """
                def child():
                    threads = work()
                    children = [fork(lambda: end(work()))]
                    end(threads)
                    wait(children)

                take(10)
                children = [fork(child) for _ in range(3)]
                threads = work()
                children += [fork(child) for _ in range(3)]
                end(threads)
                wait(children)
                """, daemon)
            // Six children, one of each of them, and the parent; each deals twice 1,000 out of its pool and asks 50 times for 3.
            expectUnique(ids, count: 10 + 13 * (2000 + 150))
        }

        @Test(.enabled(if: Tool.isThere("bash") && Tool.isThere("nc"), "no bash or no nc here"))
        func `in a shell never deal one range in two subshells`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let script = """
                . "$3"
                deal() { for i in 1 2 3 4 5 6 7 8; do take; echo "$id"; done; }
                deal
                echo "$(take; echo "$id")" "$(take; echo "$id")"
                deal & deal & (deal; (deal)) & deal
                wait
                """
            let result = try Tool.run(
                "bash", ["-c", script, "bash", daemon.setup.socketPath, "orders", Example.folder + "/shell/leafd.sh"])
            #expect(result.isSuccess && result.errors == "", "\(result.errors)")
            expectUnique(result.allIDs, count: 8 + 2 + 5 * 8)
        }

        @Test(.enabled(if: hasSystemRedis, "no python3-redis here"))
        func `with redis-py are two lines`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let result = try Tool.run(
                systemPython, [Example.folder + "/python/with_redis.py", daemon.setup.socketPath, "orders"])
            #expect(result.output == "1\n2 3 4\n", "\(result.errors)")
        }

        @Test func `in Swift get an ID in each way that there is`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let result = try Tool.run(
                try Tool.product("leaf-example"), [], environment: ["LEAFD_SOCKET": daemon.setup.socketPath])
            #expect(result.isSuccess, "\(result.errors)")
            expectUnique(result.ids, count: 1 + 3 + 1 + 10 + 1000)
            #expect(result.lines.last?.contains("no such tag no-such-tag") == true, "\(result.lines.last ?? "")")
        }

        @Test func `are on the page as they are in their files`() throws {
            let page = Tool.text(checkout + "/Docs/Clients.md")
            // The one in Swift is a package of its own, which LeafClient's documentation shows.
            let files = try FileManager.default.subpathsOfDirectory(atPath: Example.folder)
                .filter { $0.contains(".") && !$0.hasPrefix("Swift/") }
            #expect(files.count == Example.all.count + 1)
            for file in files {
                let text = Tool.text(Example.folder + "/" + file)
                let hasBlock = page.contains("\n" + text + "```\n")
                #expect(hasBlock, "Docs/Clients.md does not show Docs/Examples/\(file) as it is")
                let isNamed = page.contains("Docs/Examples/\(file)")
                #expect(isNamed, "Docs/Clients.md does not say where Docs/Examples/\(file) is")
            }
        }
    }
}

private let systemPython = "/usr/bin/python3"
private let hasSystemRedis = (try? Tool.run(systemPython, ["-c", "import redis"]).isSuccess) ?? false

/// Runs a script of Python's that forks, and gives the IDs that all of its processes have printed.
private func forking(_ script: String, _ daemon: LeafDaemon) throws -> [Int64] {
    // A process that hangs, in a lock that it has inherited, is ended by its own alarm: forks do not inherit that.
    let tools = """
        import os, signal, sys, threading
        sys.path.insert(0, sys.argv[1])
        from leafd import Leafd

        leafd = Leafd(sys.argv[2])
        signal.alarm(60)

        def print_all(ids): os.write(1, (' '.join(map(str, ids)) + '\\n').encode())

        def take(count): print_all([leafd.take('orders') for _ in range(count)])

        def fork(task):
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                try:
                    task()
                    os._exit(0)
                except BaseException:
                    sys.excepthook(*sys.exc_info())
                    os._exit(1)
            return child

        def wait(children):
            assert all([os.waitpid(child, 0)[1] == 0 for child in children]), 'a child has failed'

        def mix():
            ids = []
            for turn in range(1000):
                ids.append(leafd.take('orders'))
                if turn % 40 == 0: ids += leafd.ask('NEXT', 'orders', 3)
            print_all(ids)

        def work():
            threads = [threading.Thread(target=mix) for _ in range(2)]
            for thread in threads: thread.start()
            return threads

        def end(threads):
            for thread in threads: thread.join()

        """
    let result = try Tool.run(
        systemPython, ["-B", "-c", tools + script, Example.folder + "/python", daemon.setup.socketPath],
        atMost: .seconds(90))
    #expect(result.isSuccess, "\(result.errors)")
    return result.allIDs
}

/// A program of Docs/Examples, and how it is run.
struct Example: Sendable, CustomTestStringConvertible {
    /// Its name under Docs/Examples.
    let file: String
    /// What runs it, and the lowest version that can.
    let runtime: String
    let version: Int

    static let folder = checkout + "/Docs/Examples"
    static let all = [
        Example(file: "python/leafd.py", runtime: "python3", version: 3),
        Example(file: "go/main.go", runtime: "go", version: 1),
        Example(file: "java/Leafd.java", runtime: "java", version: 16),
        Example(file: "node/leafd.mjs", runtime: "node", version: 16),
        Example(file: "shell/leafd.sh", runtime: "bash", version: 4),
    ]

    var testDescription: String { file }

    /// How to run it; cancels the test where that cannot be done.
    func command() throws -> Command {
        guard let program = Example.find(runtime) else { try Test.cancel("no \(runtime) here") }
        let words = try Tool.run(program, [runtime == "go" ? "version" : "--version"]).output
        let major = words.firstMatch(of: /[0-9]+/).flatMap { Int($0.0) } ?? 0
        guard major >= version else { try Test.cancel("\(runtime) is older than \(version): \(words)") }
        let path = Example.folder + "/" + file
        switch runtime {
        case "go": return try Command(Example.builtGo.get(), [])
        case "java":
            guard try Tool.run(program, ["--list-modules"]).output.contains("jdk.compiler") else {
                try Test.cancel("java has no compiler here")
            }
            return Command(program, [path])
        case "bash":
            guard Tool.isThere("nc") else { try Test.cancel("no nc here") }
            return Command(program, [path])
        default: return Command(program, [path])
        }
    }

    private static let builds = TemporaryFolder()

    /// Built once: `go run` would hide the exit code.
    private static let builtGo = Result {
        let output = builds.file("leafd-example")
        let caches = ["GOCACHE": builds.file("cache"), "GOPATH": builds.file("path"), "GOTOOLCHAIN": "local"]
        let built = try Tool.run(
            find("go") ?? "go", ["build", "-o", output, folder + "/go/main.go"],
            environment: ChildProcess.environment()["HOME"] == nil ? caches : [:], atMost: .seconds(300))
        guard built.isSuccess else { throw TestProblem("go build: \(built.errors)") }
        return output
    }

    /// Debian's programs before those of the path, of which some start others by rules of their own.
    private static func find(_ name: String) -> String? {
        let path = ChildProcess.environment()["PATH"] ?? ""
        return Tool.find(name) ?? path.split(separator: ":").lazy.compactMap { Tool.find("\($0)/\(name)") }.first
    }
}

/// A program with its first arguments.
struct Command: Sendable {
    let program: String
    let arguments: [String]

    init(_ program: String, _ arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }

    /// Runs it to its end, with so many times Enter.
    func run(_ more: String..., lines: Int) throws -> Tool.Result {
        try Tool.run(program, arguments + more, input: String(repeating: "\n", count: lines))
    }
}

extension Tool.Result {
    /// Every number in the output.
    fileprivate var allIDs: [Int64] { numbers(output) }
}

private func numbers(_ text: String) -> [Int64] { text.split(whereSeparator: \.isWhitespace).compactMap { Int64($0) } }

/// A program to which Enter is sent while it runs.
private final class Dialog {
    private let folder = TemporaryFolder()
    private let child: ChildProcess
    private var keyboard: Int32

    init(_ command: Command, _ more: [String]) throws {
        let pipe = folder.file("in")
        guard mkfifo(pipe, 0o600) == 0 else { throw TestProblem("no pipe can be made at \(pipe)") }
        // For both directions, since opening it for one alone would wait for the program.
        keyboard = open(pipe, O_RDWR | O_CLOEXEC)
        guard keyboard >= 0 else { throw TestProblem("the pipe \(pipe) cannot be opened") }
        child = try ChildProcess(
            command.program, command.arguments + more, input: pipe, output: folder.file("out"),
            errors: folder.file("err"))
    }

    deinit {
        if keyboard >= 0 { close(keyboard) }
    }

    /// Sends so many times Enter, and waits until there are `total` IDs in all.
    func ask(_ lines: Int, total: Int) throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: lines)
        guard write(keyboard, bytes, lines) == lines else { throw TestProblem("the pipe does not take \(lines) bytes") }
        try eventually("\(total) IDs", within: .seconds(60), every: .milliseconds(20)) { () throws -> Bool? in
            if let exit = child.exit() { throw TestProblem("ended with \(exit): \(Tool.text(folder.file("err")))") }
            return numbers(Tool.text(folder.file("out"))).count >= total ? true : nil
        }
    }

    /// Ends its input, waits for its end, and gives all IDs.
    func end() throws -> [Int64] {
        close(keyboard)
        keyboard = -1
        let exit = try child.wait()
        guard exit == .code(0) else { throw TestProblem("ended with \(exit): \(Tool.text(folder.file("err")))") }
        return numbers(Tool.text(folder.file("out")))
    }
}

/// Listens in leafd's place, and hangs up in the middle of its first reply to NEXT, to NEXT with a count, and to LEASE.
private final class CuttingStandIn {
    private let folder = TemporaryFolder()
    private let child: ChildProcess
    var socketPath: String { folder.file("leafd.sock") }

    private static let script = """
        import os, socket, sys
        cut = {'NEXT orders': b':9', 'NEXT orders 3': b'*3\\r\\n:6\\r\\n:7\\r\\n:8', 'LEASE orders 1000': b'*2\\r\\n:5'}
        whole = {
            'PING': b'+PONG\\r\\n', 'NEXT orders': b':1\\r\\n', 'NEXT orders 3': b'*3\\r\\n:2\\r\\n:3\\r\\n:4\\r\\n',
            'LEASE orders 1000': b'*2\\r\\n:5000\\r\\n:5999\\r\\n'}
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(sys.argv[1] + '.new')
        listener.listen()
        os.rename(sys.argv[1] + '.new', sys.argv[1])
        while True:
            connection = listener.accept()[0]
            requests = connection.makefile()
            while line := requests.readline():
                if line[0] == '*':
                    line = ' '.join((requests.readline(), requests.readline())[1].strip() for _ in range(int(line[1:])))
                reply = cut.pop(line.strip(), None)
                connection.sendall(reply or whole[line.strip()])
                if reply: break
            requests.close()
            connection.close()
        """

    init() throws {
        child = try ChildProcess(
            systemPython, ["-c", CuttingStandIn.script, folder.file("leafd.sock")], errors: folder.file("err"))
        try eventually("the stand-in listens") { () throws -> Bool? in
            if let exit = child.exit() { throw TestProblem("ended with \(exit): \(Tool.text(folder.file("err")))") }
            return FileManager.default.fileExists(atPath: socketPath) ? true : nil
        }
    }
}
