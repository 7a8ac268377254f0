import Foundation
import LeafTestKit
import Testing

extension Crash {
    @Suite("The journal is damaged")
    struct DamageTests {
        /// From here on every single bit is tried.
        private static let fullSweepScale = 100.0

        private static func damages(_ left: KilledHost, flips: Int) -> [JournalImage.Damage] {
            let cuts = stride(from: 0, through: left.used, by: 512).map { JournalImage.Damage.truncation($0) }
            let bits =
                soakScale >= fullSweepScale
                ? Array(0..<left.used * 8) : JournalImage.someBits(used: left.used, count: flips / 2)
            return cuts + bits.map { .bit($0) }
        }

        @Test("whichever bit flips and wherever it is cut: leafd sees it, or nothing that was issued is forgotten")
        func verification() throws {
            let left = try KilledHost()
            let damages = DamageTests.damages(left, flips: Int(150 * soakScale))
            let next = TestLock(0)
            let tally = TestLock<[String: Int]>([:])
            let failures = TestLock<[String]>([])
            let image = left.image.prefix(left.used)
            let judge = Judge(left)
            Crew(ProcessInfo.processInfo.activeProcessorCount) { _ in
                let folder = TemporaryFolder()
                while true {
                    let index = next.with { next in
                        defer { next += 1 }
                        return next
                    }
                    guard index < damages.count else { break }
                    do {
                        try image.damaged(by: damages[index]).write(over: folder.memory + "/data.mdb")
                        let verdict = try judge.verdict(on: folder.memory)
                        tally.with { $0[verdict.outcome, default: 0] += 1 }
                        if let failure = verdict.failure {
                            failures.with { $0.append("\(damages[index]): \(failure)") }
                        }
                    } catch {
                        failures.with { $0.append("\(damages[index]): \(error)") }
                    }
                }
            }.join()
            let failed = failures.with { $0 }
            #expect(failed.isEmpty, "\(failed.count) of \(damages.count): \(failed.prefix(5))")
            figure(
                "damages to a journal of \(left.used) bytes, verified: \(damages.count) cycles: \(tally.with { $0 })")
        }

        @Test("it starts all the same, serves from fresh leases, says what it did, and no ID comes twice")
        func starts() throws {
            let left = try KilledHost()
            let all = DamageTests.sample(left, count: Int(18 * soakScale))
            var ids = 0
            var outcomes: [String: Int] = [:]
            for (index, damage) in all.enumerated() {
                // With the store away leafd must not take a journal of which nothing is left for a first start.
                let isInOutage = index.isMultiple(of: 2)
                try left.restore(damage)
                let setup = left.setup
                let logged = Tool.text(setup.logPath).utf8.count
                if isInOutage { try setup.store.moveAway() }
                let daemon = try LeafDaemon(setup)
                var answers = try Host.ask(setup.socketPath).ids
                // A store made in the place of the one that is away starts its counters anew.
                let isOtherStore = try isInOutage && !left.endOutage()
                #expect(!isOtherStore, "\(damage), and the store away: leafd made another store in its place")
                if isOtherStore { continue }
                try eventually("IDs come with \(damage)", within: .seconds(60), every: .milliseconds(10)) {
                    answers += try Host.ask(setup.socketPath, rounds: 1).ids
                    return !answers.isEmpty
                }
                daemon.kill()
                // Once more: what it did about the damage lasts.
                try daemon.start()
                answers += try Host.ask(setup.socketPath).ids
                #expect(left.repeated(answers).isEmpty, "\(damage): \(left.repeated(answers).prefix(3)) repeated")
                ids += answers.count
                let log = String(decoding: Tool.text(setup.logPath).utf8.dropFirst(logged), as: UTF8.self)
                #expect(try daemon.stop() == .code(0))
                let start = log.split(separator: "\n").filter { $0.contains("journal") }
                let isSaid = log.contains("damaged") || log.contains("unproven") || log.contains("proven")
                #expect(isSaid, "nothing is said of \(damage)")
                let outcome = DamageTests.outcome(log)
                if outcomes[outcome] == nil, let line = start.first { figure("\(damage), \(outcome): \(line)") }
                outcomes[outcome, default: 0] += 1
            }
            figure("starts with a damaged journal: \(all.count) cycles, \(ids) IDs, \(outcomes)")
        }

        /// Cuts and flips, from all parts of the file; first cuts of which little or nothing can be read.
        private static func sample(_ left: KilledHost, count: Int) -> [JournalImage.Damage] {
            let cuts = Array(stride(from: 0, through: left.used, by: 512)).shuffled().prefix(count / 3)
            let bits = JournalImage.someBits(used: left.used, count: count / 3).shuffled().prefix(count * 2 / 3)
            return [.truncation(1024), .truncation(1024), .truncation(2 * JournalImage.pageBytes)]
                + cuts.map { .truncation($0) } + bits.map { .bit($0) }
        }

        private static func outcome(_ log: String) -> String {
            if log.contains("damaged") { return "set aside" }
            return log.contains("unproven") ? "not trusted" : "harmless"
        }
    }
}

/// Holds what leafd says of a damaged journal against what it was before.
private struct Judge: Sendable {
    private let commits: UInt64
    private let highest: [String: Int64]

    init(_ left: KilledHost) {
        commits = left.dump.journal.commits
        highest = left.highest
    }

    /// What leafd makes of the journal in a folder; and what would be wrong with that.
    func verdict(on folder: String) throws -> (outcome: String, failure: String?) {
        switch try JournalTool.verify(folder) {
        case .damaged: return ("seen", nil)
        case .absent: return ("nothing left", nil)
        case .strange(let text): return ("strange", text)
        case .sound: break
        }
        guard let dump = try JournalTool.dump(folder) else { return ("strange", "sound, but it cannot be read") }
        // The witness has seen the newest commit, and this is none but an older one.
        if dump.journal.commits < commits { return ("an older commit, which the witness tells", nil) }
        for (tag, id) in highest {
            guard let hi = dump.hi(tag), hi > id else {
                let found = dump.hi(tag).map { "\($0)" } ?? "no mark"
                return ("strange", "sound, but \(tag), issued up to \(id), would go on from \(found)")
            }
        }
        return ("harmless", nil)
    }
}
