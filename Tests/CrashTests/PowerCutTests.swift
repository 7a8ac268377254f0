import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Crash {
    @Suite(
        "The power goes",
        .enabled(
            if: Facilities.canCutPower,
            "needs root, loop devices, mkfs.ext4 and ext4's shutdown ioctl: the journal's disk cannot be cut off here"))
    struct PowerCutTests {
        /// What starts next, and what it knows.
        enum Next: CaseIterable {
            /// A new boot: no witness. The store answers.
            case booted
            /// A new boot, and the store is away.
            case bootedInOutage
            /// Harder than any power cut: the witness is still there, and shows every commit that is missing.
            case witnessed
        }

        @Test("nothing that was journaled is lost, and no ID comes twice")
        func nothingLost() throws {
            let rounds = Int(6 * soakScale)
            let rig = try PowerCutRig(preloading: [:])
            for round in 0..<rounds {
                let next = Next.allCases[round % Next.allCases.count]
                let cut = try rig.cut()
                #expect(cut.hi ?? 0 > cut.highest, "issued up to \(cut.highest); the journal says \(cut.summary)")
                if round.isMultiple(of: 2) { try rig.cutAtStart() }
                try rig.start(next)
            }
            rig.host.expectNoDuplicates()
            figure("power cuts: \(rig.table)")
        }

        @Test(
            "the control: a leafd that does not sync loses commits, so that the test above can fail",
            .enabled(if: Facilities.compiler != nil, "no C compiler: what takes the syncing out cannot be made"))
        func control() throws {
            let library = try WithoutSync()
            let rig = try PowerCutRig(preloading: library.environment)
            let rounds = Int(4 * soakScale)
            var repeated = 0
            for _ in 0..<rounds {
                try rig.cut()
                repeated += try rig.repeatedIDs()
                try rig.startOver()
            }
            figure("power cuts, without sync (the control): \(rig.table), \(repeated) IDs repeated after it")
            #expect(rig.losses > rounds / 2, "a journal without sync must lose commits: \(rig.table)")
            #expect(repeated > 0, "IDs must come twice, or the checker does not see them")
        }
    }
}

/// A daemon with its journal on a disk that can be cut off, and its store on one that cannot.
private final class PowerCutRig {
    struct Cut {
        /// The highest ID a client has received.
        let highest: Int64
        /// The journal's mark after the cut; nil if the journal cannot be read or says nothing.
        let hi: Int64?
        let commits: UInt64?

        var isLost: Bool { (hi ?? 0) <= highest }
        var summary: String { "hi \(hi.map(String.init) ?? "nothing"), commit \(commits.map(String.init) ?? "none")" }
    }

    private(set) var host = Host()
    private let disk: LoopDisk
    private let environment: [String: String]
    private var setup: DaemonSetup
    private var cuts: [Cut] = []
    private var commits: UInt64 = 0
    private var ids = 0

    init(preloading environment: [String: String]) throws {
        self.environment = environment
        disk = try LoopDisk(megabytes: 64)
        setup = host.setup(journal: disk.file("journal"), settings: ["segments.wait-timeout=500ms"])
        setup.environment = environment
    }

    /// A life under load, and its end by a power cut.
    @discardableResult
    func cut() throws -> Cut {
        let daemon = try LeafDaemon(setup)
        let load = Load(collector: host.collector)
        // Leases that are larger than a window: each needs a commit of its own.
        let requests: [LoadClient.Request] = [.next, .lease(3000), .next, .nextMany(10)]
        let clients = (0..<4).map { number in
            LoadClient(
                path: setup.socketPath, tag: "orders", thread: number, requests: requests, pause: .milliseconds(3))
        }
        try host.waitForIDs(setup.socketPath)
        // What the first moments wrote is on disk in any case: only what follows can be lost.
        try disk.sync()
        try load.run(clients) {
            try host.collector.waitForMore(20_000)
            pauseRandomly(0...300)
            try disk.cutPower()
            // It goes on below its limit.
            pauseRandomly(0...100)
            daemon.kill()
            try load.waitForAllToBreak()
        }
        try disk.restorePower()
        let journal = try JournalTool.dump(setup.journal)
        let cut = Cut(
            highest: host.collector.highest, hi: journal?.hi("orders"), commits: journal?.journal.commits)
        cuts.append(cut)
        commits += cut.commits ?? 0
        return cut
    }

    /// A start that does not get far.
    func cutAtStart() throws {
        let child = try LeafDaemon.launch(setup)
        pauseRandomly(0...100)
        try disk.cutPower()
        child.kill()
        try disk.restorePower()
    }

    /// Starts again, and goes on where the journal allows it.
    func start(_ next: Crash.PowerCutTests.Next) throws {
        let boot = TemporaryFolder()
        if next != .witnessed { setup.settings.append("journal.witness=\(boot.memory)") }
        if next == .bootedInOutage { try setup.store.moveAway() }
        let highest = host.collector.highest
        let daemon = try LeafDaemon(setup)
        let first = try host.issue(setup.socketPath)
        #expect(first.ids.allSatisfy { $0 > highest })
        if next == .bootedInOutage { try setup.store.moveBack() }
        try host.waitForIDs(setup.socketPath)
        try daemon.stop()
        if next != .witnessed { setup.settings.removeLast() }
    }

    /// How many IDs come twice if a new boot trusts the journal, with the store away.
    func repeatedIDs() throws -> Int {
        let boot = TemporaryFolder()
        var next = setup
        next.settings.append("journal.witness=\(boot.memory)")
        try setup.store.moveAway()
        let daemon = try LeafDaemon(next)
        let leafd = try daemon.connect()
        let highest = host.collector.highest
        var count = 0
        // Not before the store has failed for a while; never where the journal is gone.
        try? eventually(
            "it goes on from what is left", within: .seconds(10),
            isTrue: {
                guard let id = try leafd.command("NEXT", "orders").integer else { return false }
                count += id <= highest ? 1 : 0
                return true
            })
        for _ in 0..<20 {
            let reply = try leafd.command("NEXT", "orders", "10")
            count += reply.array?.compactMap(\.integer).count { $0 <= highest } ?? 0
        }
        return count
    }

    /// Another host with a store and journal of its own, on the same disk.
    func startOver() throws {
        ids += host.collector.count
        try FileManager.default.removeItem(atPath: setup.journal)
        host = Host()
        setup = host.setup(
            journal: disk.file("journal-\(cuts.count)"), settings: ["segments.wait-timeout=500ms"])
        setup.environment = environment
    }

    var losses: Int { cuts.count(where: \.isLost) }

    var table: String {
        let unreadable = cuts.count { $0.commits == nil }
        return "\(cuts.count) cuts, \(commits) commits, \(ids + host.collector.count) IDs; \(losses) cuts lost commits "
            + "(\(unreadable) of them the whole journal), \(host.collector.faults.count) duplicates"
    }
}
