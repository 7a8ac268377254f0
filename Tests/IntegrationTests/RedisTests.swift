import LeafTestKit
import Testing

private let systemPython = "/usr/bin/python3"
private let hasSystemRedis = (try? Tool.run(systemPython, ["-c", "import redis"]).isSuccess) ?? false

extension Integration {
    @Suite("Asked by Redis clients")
    struct RedisTests {
        @Test("redis-cli gets IDs, and errors as errors", .enabled(if: Tool.isThere("redis-cli"), "no redis-cli here"))
        func cli() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            func redis(_ words: String...) throws -> Tool.Result {
                try Tool.run("redis-cli", ["-s", daemon.setup.socketPath] + words)
            }
            #expect(try redis("INCR", "orders").output == "1\n")
            #expect(try redis("INCRBY", "orders", "10").output == "11\n")
            #expect(try redis("NEXT", "orders", "3").ids == [12, 13, 14])
            #expect(try redis("LEASE", "orders", "100").ids == [15, 114])
            #expect(try redis("-3", "INCR", "orders").output == "115\n")
            #expect(try redis("INCR", "nobody").output.hasPrefix("NOTAG"))
            #expect(try redis("FROBNICATE", "x").output.contains("unknown command 'FROBNICATE'"))
            let piped = try Tool.run(
                "redis-cli", ["-s", daemon.setup.socketPath],
                input: "INCR orders\nMULTI\nINCR orders\nINCR orders\nEXEC\n")
            #expect(piped.ids == [116, 117, 118], "\(piped.output)")
            #expect(try redis("INFO", "server").output.contains("redis_version"))
        }

        @Test(
            "redis-benchmark in a pipeline gets an answer to each request, and each is an ID",
            .enabled(if: Tool.isThere("redis-benchmark"), "no redis-benchmark here"))
        func benchmark() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let requests = Int(200_000 * soakScale)
            let result = try Tool.run(
                "redis-benchmark",
                ["-s", daemon.setup.socketPath, "-P", "16", "-c", "50", "-n", "\(requests)", "-q", "INCR", "orders"],
                atMost: .seconds(120 * soakScale))
            #expect(result.isSuccess, "\(result.errors)")
            #expect(
                !result.output.contains("Error") && !result.errors.contains("rror"), "\(result.output)\(result.errors)")
            let rate = result.output.split { $0 == "\n" || $0 == "\r" }.last { $0.contains("requests per second") }
            figure("redis-benchmark -P 16: \(rate ?? "?")")
            // Every request took one ID, and nobody else asked.
            #expect(try daemon.next() == Int64(requests) + 1)
        }

        /// What every client library of Python's is asked to do; prints the IDs.
        private static let script = """
            import redis, sys
            options = eval(sys.argv[2])
            r = redis.Redis(unix_socket_path=sys.argv[1], **options)
            assert r.ping()
            ids = [r.incr('orders')]
            last = r.incrby('orders', 5)
            ids += range(last - 4, last + 1)
            for transaction in (True, False):
                p = r.pipeline(transaction=transaction)
                for _ in range(10): p.incr('orders')
                p.incrby('orders', 1)
                ids += p.execute()
            ids += r.execute_command('NEXT', 'orders', 4)
            try:
                r.incr('nobody')
                raise SystemExit('an unknown tag was answered')
            except redis.exceptions.ResponseError as error:
                assert 'no such tag' in str(error), error
            ids.append(r.incr('orders'))
            assert 'redis_version' in r.info()
            print(*ids, sep='\\n')
            """

        private func talk(_ python: String, _ options: String) throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let result = try Tool.run(python, ["-c", RedisTests.script, daemon.setup.socketPath, options])
            #expect(result.isSuccess, "\(result.errors)")
            #expect(result.ids == Array(1...33), "\(result.output)")
        }

        @Test(
            "the host's own Python redis gets IDs, in pipelines with and without transaction too",
            .enabled(if: hasSystemRedis, "no python3-redis here"),
            arguments: ["{}", "{'db': 0, 'client_name': 'tests', 'decode_responses': True}"])
        func hostPython(options: String) throws {
            try talk(systemPython, options)
        }

        @Test("the newest redis of PyPI gets IDs, in RESP2 and RESP3, under a name and not")
        func newestPython() throws {
            let folder = TemporaryFolder()
            let python = folder.file("venv/bin/python")
            let made = try Tool.run(systemPython, ["-m", "venv", folder.file("venv")], atMost: .seconds(60))
            guard made.isSuccess else {
                try Test.cancel("no virtual environment can be made: \(made.output)\(made.errors)")
            }
            let installed = try Tool.run(
                python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "redis"],
                atMost: .seconds(120))
            guard installed.isSuccess else { try Test.cancel("PyPI does not give redis: \(installed.errors)") }
            let version = try Tool.run(python, ["-c", "import redis; print(redis.__version__)"]).output
            figure("redis of PyPI: \(version)")
            for options in [
                "{}", "{'protocol': 2}", "{'protocol': 3}", "{'protocol': 3, 'client_name': 'tests', 'db': 0}",
            ] {
                try talk(python, options)
            }
        }
    }
}
