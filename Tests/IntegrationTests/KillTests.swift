import LeafClient
import LeafTestKit
import Testing

extension Integration {
    @Suite("Killed")
    struct KillTests {
        /// The kills that happen while the store is away.
        private static let killsInOutage: Set<Int> = [2, 5, 8]

        private static let mixes: [[LoadClient.Request]] = [
            Array(repeating: .next, count: 16),
            [.next, .nextMany(20), .next],
            [.lease(50), .next],
            [.incrementBy(5), .next, .incrementBy(3)],
            [.next],
        ]

        @Test("ten kills under the load of 50 clients, three with the store away, repeat no ID")
        func kills() throws {
            // Stock for many seconds of this load.
            let daemon = try LeafDaemon(DaemonSetup(tags: ["{name: orders, step: 500000}"]))
            let collector = IDCollector()
            let load = Load(collector: collector)
            let clients = (0..<50).map { number in
                LoadClient(
                    path: daemon.setup.socketPath, tag: "orders", thread: number,
                    requests: KillTests.mixes[number % KillTests.mixes.count], pause: .milliseconds(20))
            }
            try load.run(clients) {
                for round in 0..<Int(10 * soakScale) {
                    try kill(daemon, load, inOutage: KillTests.killsInOutage.contains(round % 10))
                }
                try serveMore(collector)
            }
            #expect(collector.faults == [])
            let harmless: Set = ["EXHAUSTED", "TIMEOUT", "closed", "notRunning", "noSocket"]
            #expect(load.errors.filter { !harmless.contains($0.key) } == [:])
            figure("\(collector.count) IDs up to \(collector.highest); errors met: \(load.errors)")
        }

        /// Lets the load run for a while, kills the daemon, starts it again, and looks at where it goes on.
        private func kill(_ daemon: LeafDaemon, _ load: Load, inOutage: Bool) throws {
            let collector = load.collector
            try serveMore(collector)
            let rate = fastestRate(collector, within: .milliseconds(.random(in: 300...1500)))
            if inOutage {
                try daemon.setup.store.moveAway()
                try serveMore(collector)
            }
            daemon.kill()
            try load.waitForAllToBreak()
            let highest = collector.highest
            collector.mark()
            let start = ContinuousClock.now
            try daemon.start()
            try eventually("the first ID after a kill") { collector.lowestSinceMark != nil }
            let startTime = start.duration(to: .now)
            // Whoever was given the very first may be slow to say so.
            try serveMore(collector)
            let lost = (collector.lowestSinceMark ?? 0) - highest - 1
            figure(
                "killed at up to \(rate) IDs/s\(inOutage ? ", store away" : ""): \(lost) lost, first ID after \(startTime)"
            )
            #expect(lost >= 0)
            // Two windows, each of a second of issue. In an outage a lease that was given up may lie in between.
            if !inOutage { #expect(lost <= 2 * max(rate, 1000)) }
            if inOutage {
                try daemon.setup.store.moveBack()
            }
        }

        /// The highest rate at which IDs are received, over a tenth of a second, in IDs per second.
        private func fastestRate(_ collector: IDCollector, within time: Duration) -> Int64 {
            let end = ContinuousClock.now.advanced(by: time)
            var fastest: Int64 = 0
            while ContinuousClock.now < end {
                let before = collector.count
                let start = ContinuousClock.now
                pauseThread(.milliseconds(100))
                let rate = Double(collector.count - before) / start.duration(to: .now).seconds
                fastest = max(fastest, Int64(rate))
            }
            return fastest
        }

        /// Waits until the clients have received some more IDs.
        private func serveMore(_ collector: IDCollector) throws {
            let count = collector.count
            try eventually("IDs go on coming") { collector.count > count + 500 }
        }
    }
}
