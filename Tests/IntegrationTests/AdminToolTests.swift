import LeafClient
import LeafTestKit
import Testing

extension Integration {
    @Suite("leafctl bump, forget and fence")
    struct AdminToolTests {
        private func leafctl(_ daemon: LeafDaemon, _ words: String...) throws -> Tool.Result {
            try Tool.run(
                try Tool.product("leafctl"), words + ["--socket", daemon.setup.socketPath, "--timeout", "30s"])
        }

        /// Resets a counter past leafd, as an operator does with SQL.
        private func resetCounter(_ daemon: LeafDaemon) throws {
            try daemon.setup.store.query("UPDATE leaf_alloc SET max_id = 1 WHERE biz_tag = 'orders';")
        }

        @Test func `bump --to raises the counter, and never lowers it`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try leafctl(daemon, "bump", "orders", "--to", "5000").isSuccess)
            #expect(try daemon.setup.store.counter("orders") == 5000)
            #expect(try leafctl(daemon, "bump", "orders", "--to", "7").isSuccess)
            #expect(try daemon.next() == 5000)
            let unknown = try leafctl(daemon, "bump", "nobody", "--to", "7")
            #expect(unknown.exit == .code(1))
            #expect(unknown.errors.contains("NOTAG"), "\(unknown.errors)")
        }

        @Test func `bump --all puts every counter above what this host was leased`() throws {
            let daemon = try LeafDaemon(DaemonSetup(tags: ["{name: orders}", "{name: users}"]))
            #expect(try daemon.next() == 1)
            let leased = try daemon.setup.store.counter("orders")
            try resetCounter(daemon)
            #expect(try leafctl(daemon, "bump", "--all").isSuccess)
            #expect(try daemon.setup.store.counter("orders") > leased)
            #expect(try daemon.setup.store.counter("users") > leased)
            #expect(try daemon.next() == 2)
        }

        @Test(arguments: [
            ["bump"], ["bump", "orders"], ["bump", "--to", "5"], ["bump", "orders", "--all"],
            ["bump", "orders", "--to", "0"],
        ])
        func `bump asks for a tag and a counter, or for --all alone`(words: [String]) throws {
            #expect(try Tool.run(try Tool.product("leafctl"), words).exit == .code(64))
        }

        @Test func `forget without --yes refuses where nobody can be asked, and says what it risks`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try daemon.next() == 1)
            try resetCounter(daemon)
            let refused = try leafctl(daemon, "forget", "orders")
            #expect(refused.exit == .code(1))
            #expect(refused.output == "")
            #expect(refused.errors.contains("may be issued again"), "\(refused.errors)")
            #expect(refused.errors.contains("--yes"), "\(refused.errors)")
            #expect(try daemon.next() == 2)
            let done = try leafctl(daemon, "forget", "orders", "--yes")
            #expect(done.isSuccess)
            #expect(done.errors.contains("may be issued again"), "\(done.errors)")
            #expect(try daemon.next() == 1)
            // Also over a crash: the journal has forgotten it as well.
            daemon.kill()
            try daemon.start()
            #expect(try daemon.next() > 1)
            #expect(try daemon.setup.store.counter("orders") < 1_000_000)
        }

        @Test(arguments: [("y\n", true), ("yes\n", true), ("n\n", false), ("\n", false), ("", false)])
        func `forget asks at a terminal, and takes nothing but a yes for one`(answer: String, forgets: Bool) throws {
            guard Tool.isThere("script") else { return }
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try daemon.next() == 1)
            try resetCounter(daemon)
            let command =
                "\(try Tool.product("leafctl")) forget orders --socket \(daemon.setup.socketPath) --timeout 30s"
            // script gives it a terminal; an end of input stands for ^D.
            let result = try Tool.run("script", ["-qec", command, "/dev/null"], input: answer + "\u{4}")
            #expect(result.isSuccess == forgets, "\(result.output)")
            #expect(try daemon.next() == (forgets ? 1 : 2))
        }

        @Test func `a dropped tag starts below only after forget`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try daemon.next() == 1)
            #expect(try leafctl(daemon, "drop", "orders").isSuccess)
            #expect(try leafctl(daemon, "create", "orders", "--start", "1").exit == .code(1))
            #expect(try leafctl(daemon, "forget", "orders", "--yes").isSuccess)
            #expect(try leafctl(daemon, "create", "orders", "--start", "1").isSuccess)
            #expect(try daemon.next() == 1)
        }

        @Test func `after fence nothing of the stock held before is issued, nor after a restart`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try daemon.next() == 1)
            let leased = try daemon.setup.store.counter("orders")
            #expect(try leafctl(daemon, "fence").isSuccess)
            let first = try daemon.next()
            #expect(first >= leased)
            daemon.kill()
            try daemon.start()
            #expect(try daemon.next() > first)
            #expect(try daemon.setup.store.query("SELECT count(*) FROM leafd_agent;") == ["2"])
        }

        @Test func `fence gives the stock up though the store is away`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try daemon.next() == 1)
            let leased = try daemon.setup.store.counter("orders")
            try daemon.setup.store.moveAway()
            #expect(try leafctl(daemon, "fence").isSuccess)
            #expect(try daemon.ask("NEXT", "orders").isError)
            try daemon.setup.store.moveBack()
            try eventually("leases come again") { try daemon.ask("NEXT", "orders").integer ?? 0 >= leased }
        }
    }
}
