import Foundation
import LeafClient
import LeafProtocol
import LeafTestKit
import Testing

extension Integration {
    @Suite("leafctl journal verify and stats --journal")
    struct JournalToolTests {
        private func leafctl(_ words: String..., environment: [String: String] = [:]) throws -> Tool.Result {
            try Tool.run(try Tool.product("leafctl"), words, environment: environment)
        }

        /// A journal of two tags, one of them with an ID issued; its daemon has stopped.
        private func stopped(cleanly: Bool = true) throws -> LeafDaemon {
            let daemon = try LeafDaemon(DaemonSetup(tags: ["{name: orders, step: 500}", "{name: users}"]))
            #expect(try daemon.connect().next("orders", count: 3) == [1, 2, 3])
            #expect(try daemon.next("users") == 1)
            if cleanly { #expect(try daemon.stop() == .code(0)) } else { daemon.kill() }
            return daemon
        }

        /// Everything in a folder: names, sizes, times, bytes.
        private func state(of folder: String) throws -> [String] {
            try Folder.entries(of: folder).filter { !$0.hasPrefix(".") }.sorted().map { name in
                let path = folder + "/" + name
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                let bytes = FileManager.default.contents(atPath: path) ?? Data()
                return "\(name) \(attributes[.modificationDate] ?? "") \(bytes.count) \(bytes.hashValue)"
            }
        }

        private func change(_ path: String, _ body: (FileHandle) throws -> Void) throws {
            let file = try #require(FileHandle(forUpdatingAtPath: path))
            try body(file)
            try file.close()
        }

        @Test func `a stopped leafd's journal is sound, and stays as it is`() throws {
            let setup = try stopped().setup
            defer { withExtendedLifetime(setup) {} }
            let journal = setup.journalPath
            let before = try state(of: journal)
            let result = try leafctl("journal", "verify", journal)
            #expect(result.exit == .code(0), "\(result.errors)")
            #expect(result.output.hasPrefix("sound: 2 tags, commit "), "\(result.output)")
            #expect(try leafctl("stats", "--journal", journal).isSuccess)
            #expect(try state(of: journal) == before)
        }

        @Test func `a killed leafd's journal is sound too`() throws {
            let setup = try stopped(cleanly: false).setup
            defer { withExtendedLifetime(setup) {} }
            let journal = setup.journalPath
            #expect(try leafctl("journal", "verify", journal).exit == .code(0))
        }

        @Test func `the journal of a running leafd is left alone`() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let journal = daemon.setup.journalPath
            for words in [
                ["journal", "verify", journal], ["stats", "--journal", journal],
                ["stats", "--journal", journal + "/data.mdb"],
            ] {
                let result = try Tool.run(try Tool.product("leafctl"), words)
                #expect(result.exit == .code(3))
                #expect(result.errors.contains("a running leafd holds \(words[2])"), "\(result.errors)")
                #expect(result.output == "")
            }
            #expect(try daemon.next() == 1)
        }

        @Test func `where there is no journal, that is what is said`() throws {
            let folder = TemporaryFolder()
            for path in [folder.file("nothing"), folder.path] {
                for words in [["journal", "verify", path], ["stats", "--journal", path]] {
                    let result = try Tool.run(try Tool.product("leafctl"), words)
                    #expect(result.exit == .code(2), "\(words): \(result.output)")
                    #expect(result.output == "" && result.errors.hasPrefix("leafctl: "), "\(result.errors)")
                }
            }
            #expect(Folder.entries(of: folder.path).filter { !$0.hasPrefix(".") } == [])
        }

        @Test func `a flipped bit is found, and the journal left for leafd to set aside`() throws {
            let setup = try stopped().setup
            defer { withExtendedLifetime(setup) {} }
            let journal = setup.journalPath
            try flipABit(inEvery: "orders", of: journal + "/data.mdb")
            let before = try state(of: journal)
            let damaged = try leafctl("journal", "verify", journal)
            #expect(damaged.exit == .code(1), "\(damaged.output)")
            #expect(damaged.output.hasPrefix("damaged: "), "\(damaged.output)")
            #expect(damaged.output.contains("sets the file aside"), "\(damaged.output)")
            let stats = try leafctl("stats", "--journal", journal)
            #expect(stats.exit == .code(1) && stats.output == "", "\(stats.output)")
            #expect(try state(of: journal) == before)
        }

        /// Flips a bit in every record of a tag, old and new: which one is in force only LMDB knows.
        private func flipABit(inEvery tag: String, of data: String) throws {
            var bytes = try #require(FileManager.default.contents(atPath: data))
            var from = bytes.startIndex
            while let found = bytes.range(of: Data(tag.utf8), in: from..<bytes.endIndex) {
                bytes[found.upperBound + 24] ^= 4
                from = found.upperBound
            }
            try #require(from > bytes.startIndex)
            try change(data) { $0.write(bytes) }
        }

        @Test func `a truncated file does not take leafctl with it`() throws {
            let setup = try stopped().setup
            defer { withExtendedLifetime(setup) {} }
            let journal = setup.journalPath
            try change(journal + "/data.mdb") { try $0.truncate(atOffset: 8192) }
            let result = try leafctl("journal", "verify", journal)
            #expect(result.exit == .code(1), "\(result.errors)")
            #expect(result.output.hasPrefix("damaged: "), "\(result.output)")
            #expect(try leafctl("stats", "--journal", journal).exit == .code(1))
        }

        @Test func `stats --journal shows the stock that a clean stop has left`() throws {
            let daemon = try stopped()
            let table = try leafctl("stats", "--journal", daemon.setup.journalPath)
            #expect(table.isSuccess, "\(table.errors)")
            for text in ["orders", "users", "sqlite://", "RESERVED TO"] {
                #expect(table.output.contains(text), "\(table.output)")
            }
            let object = try leafctl("stats", "--json", "--journal", daemon.setup.journalPath)
            let stats = try StatsDocument(json: object.output)
            #expect(stats.tagsTotal == 2 && stats.tags.map(\.tag) == ["orders", "users"])
            #expect(stats.agentID?.utf8.count == 32 && stats.store.kind == "sqlite" && stats.journal.commits > 0)
            let orders = stats.tags[0]
            #expect(orders.reservedTo == 4 && orders.lost == 0 && orders.segments.first?.start == 1)
            #expect(orders.segments.first?.end == 501 && orders.segments.first?.next == 4)
            #expect(orders.stock == orders.segments.reduce(0) { $0 + $1.end - $1.next })
            // And that is where it goes on.
            try daemon.start()
            #expect(try daemon.next() == 4)
        }

        @Test func `stats --journal shows one tag alone, and says which are not there`() throws {
            let setup = try stopped().setup
            defer { withExtendedLifetime(setup) {} }
            let journal = setup.journalPath
            let tag = try leafctl("stats", "orders", "--journal", journal)
            #expect(tag.isSuccess && tag.output.contains("reserved to"), "\(tag.output)\(tag.errors)")
            let object = try leafctl("stats", "orders", "--json", "--journal", journal)
            #expect(try TagStats(json: object.output).reservedTo == 4)
            let none = try leafctl("stats", "nobody", "--journal", journal)
            #expect(none.exit == .code(1) && none.errors.contains("no tag nobody"), "\(none.errors)")
        }

        @Test func `stats --journal says what a crash would lose`() throws {
            let setup = try stopped(cleanly: false).setup
            defer { withExtendedLifetime(setup) {} }
            let journal = setup.journalPath
            let object = try leafctl("stats", "orders", "--json", "--journal", journal)
            let orders = try TagStats(json: object.output)
            let reservedTo = try #require(orders.reservedTo)
            #expect(reservedTo >= 4 && orders.lost >= 1 && orders.lost < reservedTo, "\(object.output)")
        }

        @Test func `what was given up is no stock`() throws {
            let daemon = try LeafDaemon(DaemonSetup(tags: ["{name: orders, step: 500}"]))
            #expect(try daemon.next() == 1)
            let leased = try daemon.setup.store.counter("orders")
            // Leases afresh are held back, so that nothing comes after it.
            try daemon.setup.store.moveAway()
            #expect(try daemon.ask("FENCE") == .simple("OK"))
            #expect(try daemon.stop() == .code(0))
            let object = try leafctl("stats", "orders", "--json", "--journal", daemon.setup.journalPath)
            let orders = try TagStats(json: object.output)
            #expect(orders.stock == 0 && orders.segments.isEmpty, "\(object.output)")
            #expect(try leafctl("journal", "verify", daemon.setup.journalPath).exit == .code(0))
            try daemon.setup.store.moveBack()
            try daemon.start()
            #expect(try daemon.next() >= leased)
        }

        @Test func `a data file by itself can be shown as well`() throws {
            let daemon = try stopped()
            let copy = daemon.setup.folder.file("damaged-20260102T030405Z.mdb")
            try FileManager.default.copyItem(atPath: daemon.setup.journalPath + "/data.mdb", toPath: copy)
            #expect(try leafctl("journal", "verify", copy).output.hasPrefix("sound: 2 tags"))
            let object = try leafctl("stats", "--json", "--journal", copy)
            #expect(try StatsDocument(json: object.output).tagsTotal == 2, "\(object.errors)")
            #expect(!Folder.entries(of: daemon.setup.folder.path).contains("damaged-20260102T030405Z.mdb-lock"))
        }

        @Test func `without leafd it says so`() throws {
            let folder = TemporaryFolder()
            try FileManager.default.copyItem(atPath: try Tool.product("leafctl"), toPath: folder.file("leafctl"))
            let result = try Tool.run(
                folder.file("leafctl"), ["journal", "verify", folder.path], environment: ["PATH": folder.path])
            #expect(result.exit == .code(127))
            #expect(result.errors.contains("cannot be run"), "\(result.errors)")
        }
    }
}
