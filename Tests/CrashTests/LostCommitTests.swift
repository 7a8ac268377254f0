import Foundation
import LeafTestKit
import Testing

extension Crash {
    @Suite("The newest commit is lost")
    struct LostCommitTests {
        @Test("without the store, issuing goes on above what that commit may have covered")
        func goesOnAbove() throws {
            let rounds = Int(4 * soakScale)
            var coveredMore = 0
            var ids = 0
            for round in 0..<rounds {
                let host = Host()
                let setup = host.setup(
                    tags: ["{name: orders, step: 100000}"], settings: ["segments.wait-timeout=500ms"])
                let daemon = try LeafDaemon(setup)
                // Leases larger than a window: the last one rests on the last commit.
                try host.waitForIDs(setup.socketPath)
                try host.issue(setup.socketPath, rounds: .random(in: 1...10))
                daemon.kill()
                let highest = host.collector.highest
                let older = try loseNewestCommit(setup)
                if older.hi("orders") ?? 0 <= highest { coveredMore += 1 }
                // By turns as after a reboot, and with a witness that knows of the commit.
                if round.isMultiple(of: 2) { try removeFiles(in: setup.folder.memory) }
                try setup.store.moveAway()
                try daemon.start()
                // Not before the store has failed for a while.
                let answers = try eventually("there is stock enough") {
                    let answers = try host.issue(setup.socketPath, rounds: 5)
                    return answers.ids.isEmpty ? nil : answers
                }
                #expect(answers.ids.allSatisfy { $0 > highest })
                try setup.store.moveBack()
                try host.waitForIDs(setup.socketPath)
                host.expectNoDuplicates()
                ids += host.collector.count
            }
            #expect(coveredMore > 0, "no lost commit had covered an ID that was issued: nothing was tried")
            figure(
                "newest commit lost, store away: \(rounds) cycles, of which \(coveredMore) lost the mark of issued IDs; \(ids) IDs"
            )
        }

        /// The number of the commit that wrote an LMDB meta page: behind the page's header (16 bytes) and, in MDB_meta, magic,
        /// version, address, map size (24), two tables (96) and the last page (8).
        private static let transactionBytes = 144..<152

        /// Flips one bit of a meta page, so that LMDB takes the older one. Says what the journal tells then.
        private func loseNewestCommit(_ setup: DaemonSetup) throws -> JournalDump {
            let data = setup.journal + "/data.mdb"
            let image = try JournalImage(path: data)
            guard let before = try JournalTool.dump(setup.journal) else { throw TestProblem("no journal to be read") }
            for page in [0, JournalImage.pageBytes] {
                for bit in (page + Self.transactionBytes.lowerBound) * 8..<(page + Self.transactionBytes.upperBound) * 8
                {
                    try image.damaged(by: .bit(bit)).write(over: data)
                    guard try JournalTool.verify(setup.journal) == .sound,
                        let dump = try JournalTool.dump(setup.journal),
                        dump.journal.commits == before.journal.commits - 1
                    else { continue }
                    return dump
                }
            }
            throw TestProblem("no flipped bit makes the journal lose exactly one commit")
        }

        private func removeFiles(in folder: String) throws {
            for name in Folder.entries(of: folder) where ![".", ".."].contains(name) { unlink(folder + "/" + name) }
        }
    }
}
