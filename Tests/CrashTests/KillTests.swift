import Foundation
import LeafTestKit
import Testing

extension Crash {
    @Suite("Killed at random moments")
    struct KillTests {
        /// What happens to the store around a kill.
        private enum Store: CaseIterable {
            case there
            case away
            /// It lies elsewhere at the next start, and is configured there.
            case moved
        }

        private static let mixes: [[LoadClient.Request]] = [
            Array(repeating: .next, count: 16),
            [.next, .nextMany(20), .next],
            [.lease(50), .next],
            [.incrementBy(5), .next, .incrementBy(3)],
            [.lease(5000)],
            [.next],
        ]

        @Test("under load from several clients, with the store there, away and moved: no ID comes twice")
        func underLoad() throws {
            let host = Host()
            var setup = host.setup(settings: ["segments.wait-timeout=500ms"])
            let rounds = Int(12 * soakScale)
            var firstIDs: [Store: [Duration]] = [:]
            let load = Load(collector: host.collector)
            let clients = (0..<12).map { number in
                LoadClient(
                    path: setup.socketPath, tag: "orders", thread: number,
                    requests: KillTests.mixes[number % KillTests.mixes.count], pause: .milliseconds(5))
            }
            try load.run(clients) {
                var daemon = try LeafDaemon(setup)
                for round in 0..<rounds {
                    let store = Store.allCases[round % Store.allCases.count]
                    try host.collector.waitForMore()
                    if store == .away { try setup.store.moveAway() }
                    pauseRandomly(0...400)
                    daemon.kill()
                    try load.waitForAllToBreak()
                    let highest = host.collector.highest
                    if store == .moved { try move(&setup, round) }
                    if store == .there { try killAtStart(setup) }
                    host.collector.mark()
                    let start = ContinuousClock.now
                    daemon = try LeafDaemon(setup)
                    if store == .away {
                        // Whether there is stock left depends on the moment.
                        try? eventually("IDs from stock", within: .seconds(1)) { host.collector.lowestSinceMark != nil }
                        let isServing = host.collector.lowestSinceMark != nil
                        if isServing { firstIDs[store, default: []].append(start.duration(to: .now)) }
                        try setup.store.moveBack()
                        if !isServing { try host.collector.waitForMore() }
                    } else {
                        try eventually("the first ID after a kill") { host.collector.lowestSinceMark != nil }
                        firstIDs[store, default: []].append(start.duration(to: .now))
                    }
                    // Whoever was given the very first may be slow to say so.
                    try host.collector.waitForMore()
                    #expect(host.collector.lowestSinceMark ?? 0 > highest)
                }
            }
            host.expectNoDuplicates()
            figure("kills: \(host.summary(cycles: rounds)); errors met: \(load.errors)")
            for (store, times) in firstIDs.sorted(by: { "\($0.key)" < "\($1.key)" }) {
                let sorted = times.sorted()
                figure(
                    "first ID after a kill, store \(store): median \(sorted[sorted.count / 2]), longest \(sorted[sorted.count - 1])"
                )
            }
        }

        /// Lets the store's files lie under another name from now on.
        private func move(_ setup: inout DaemonSetup, _ round: Int) throws {
            let new = setup.folder.file("central-\(round).sqlite")
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: setup.storePath + suffix) {
                try FileManager.default.moveItem(atPath: setup.storePath + suffix, toPath: new + suffix)
            }
            setup.storePath = new
        }

        /// Starts it and kills it before, while or just after it gets ready.
        private func killAtStart(_ setup: DaemonSetup) throws {
            for _ in 0..<Int.random(in: 0...2) {
                let child = try LeafDaemon.launch(setup)
                pauseRandomly(0...150)
                child.kill()
            }
        }
    }
}
