import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Hostile {
    /// What one uid can take from the others: with real ones.
    @Suite("Users", .serialized, .enabled(if: Account.canBecomeOthers, "\(Account.obstacle)"))
    struct UserTests {
        @Test func `a uid's flood of connections leaves room for others`() throws {
            let daemon = try HostileDaemon(settings: [
                "server.max-connections=400", "server.max-connections-per-uid=100",
            ])
            let before = try daemon.connect()
            let running = try daemon.attack("idle", connections: 300)
            try eventually("the flood has been stopped") { try stat(daemon, "refused") >= 200 }
            #expect(try stat(daemon, "open") <= 105)
            // Another, nobody's friend, and root.
            let other = try Account.leafctl(["next", "orders"], on: daemon.setup.socketPath, uid: 65_533)
            #expect(other.ids.count == 1, "\(other.errors)")
            #expect(try before.next("orders") > 0)
            let outcome = try running.end()
            #expect(outcome.openAtEnd == 100)
        }

        @Test func `administrators get in when everything is taken`() throws {
            let daemon = try HostileDaemon(settings: ["server.max-connections=80", "server.max-connections-per-uid=0"])
            let running = try daemon.attack("files", connections: 200)
            try eventually("nobody else gets in") {
                try Account.leafctl(["next", "orders"], on: daemon.setup.socketPath, uid: 65_533).errors
                    .contains("max number of clients reached")
            }
            for _ in 0..<10 {
                let result = try Account.leafctl(["health"], on: daemon.setup.socketPath)
                #expect(result.isSuccess, "\(result.errors)")
            }
            _ = try running.end()
        }

        @Test func `administrators get in when there are few descriptors`() throws {
            let daemon = try HostileDaemon(settings: ["server.max-connections-per-uid=0"], shell: "ulimit -n 200;")
            #expect(daemon.log.contains("the limit of open files is too low"))
            let running = try daemon.attack("files", connections: 400)
            try eventually("nobody else gets in") {
                try Account.leafctl(["next", "orders"], on: daemon.setup.socketPath, uid: 65_533).errors
                    .contains("max number of clients reached")
            }
            for _ in 0..<10 {
                let result = try Account.leafctl(["next", "orders"], on: daemon.setup.socketPath)
                #expect(result.ids.count == 1, "\(result.errors)")
            }
            // And what leafd opens itself, it gets: a lease, a commit, a report.
            let connection = try daemon.connect()
            #expect(try connection.next("users", count: 100_000).count == 100_000)
            #expect(try connection.command("HEALTH") == .simple("OK"))
            #expect(!daemon.log.contains("Too many open files"))
            _ = try running.end()
            try daemon.stop()
        }

        @Test func `who is no administrator can change nothing`() throws {
            let daemon = try HostileDaemon()
            for words in [["create", "mine"], ["drop", "orders"], ["bump", "--all"], ["fence"]] {
                let result = try Account.leafctl(words, on: daemon.setup.socketPath, uid: 65_534)
                #expect(!result.isSuccess && result.errors.contains("admin commands need root"), "\(words): \(result)")
            }
            #expect(try Account.leafctl(["next", "orders"], on: daemon.setup.socketPath, uid: 65_534).ids == [1])
        }

        @Test func `a uid's rule is its own`() throws {
            let daemon = try HostileDaemon(
                yaml: "access: [{uid: 65534, tags: [orders]}, {uid: 0, tags: ['*']}]")
            let mine = try Account.leafctl(["next", "orders"], on: daemon.setup.socketPath, uid: 65_534)
            #expect(mine.ids == [1])
            let others = try Account.leafctl(["next", "users"], on: daemon.setup.socketPath, uid: 65_534)
            #expect(!others.isSuccess && others.errors.contains("the access rules do not let this uid use users"))
            let stranger = try Account.leafctl(["next", "orders"], on: daemon.setup.socketPath, uid: 65_533)
            #expect(!stranger.isSuccess && stranger.errors.contains("the access rules do not let this uid use orders"))
        }

        /// Root in a user namespace is the user outside that made it: that is what the kernel tells leafd.
        @Test(.enabled(if: Namespaces.canNest, "no user namespaces here"))
        func `root in a container with a user namespace is no administrator`() throws {
            let daemon = try HostileDaemon()
            let words = [
                "unshare", "--user", "--map-root-user", try Tool.product("leafctl"), "--socket",
                daemon.setup.socketPath,
            ]
            let inside = Account.command(words + ["create", "mine"], uid: 65_534)
            let result = try Tool.run(inside[0], Array(inside.dropFirst()))
            #expect(!result.isSuccess && result.errors.contains("admin commands need root"), "\(result)")
        }

        @Test func `root in a container without one is kept off by an admin socket outside`() throws {
            let daemon = try HostileDaemon(hasAdminSocket: true)
            // Root, but with the folder of the main socket alone: the container.
            let refused = try Account.leafctl(["create", "mine"], on: daemon.setup.socketPath)
            #expect(!refused.isSuccess && refused.errors.contains("admin socket alone"), "\(refused)")
            let taken = try Account.leafctl(["create", "mine"], on: daemon.adminPath)
            #expect(taken.isSuccess, "\(taken)")
            let nobody = try Account.leafctl(["create", "other"], on: daemon.adminPath, uid: 65_534)
            #expect(!nobody.isSuccess)
        }

        private func stat(_ daemon: HostileDaemon, _ key: String) throws -> Int64 {
            let text = try daemon.connect().command("STATS").text ?? ""
            guard let range = text.range(of: "\"connections\":{"),
                let field = text.range(of: "\"\(key)\":", range: range.upperBound..<text.endIndex)
            else { throw TestProblem("no \(key) in \(text)") }
            return Int64(text[field.upperBound...].prefix { $0.isNumber }) ?? -1
        }
    }
}

enum Namespaces {
    /// Whether nobody may make a user namespace here.
    static let canNest: Bool = {
        guard Account.canBecomeOthers, Tool.isThere("unshare") else { return false }
        let words = Account.command(["unshare", "--user", "--map-root-user", "true"], uid: 65_534)
        return (try? Tool.run(words[0], Array(words.dropFirst())).isSuccess) ?? false
    }()
}
