/// When the faults have ended, everybody is served again.
extension World {
    private static let roundsMax = 60

    func calmDown() {
        isCalm = true
        random = SeededRandom(seed: 1)
        note(-1, "all faults have ended")
        for number in stores.indices {
            stores[number].isDown = false
            // What the manual asks of operators after a backup was put back.
            if stores[number].isAwaitingWitness {
                _ = stores[number].lift(
                    expected: nil, floors: Array(repeating: 0, count: parameters.tags),
                    gap: parameters.rules.failoverGap, hasIdentity: false)
                liftWorkers(number)
            }
            for tag in 0..<parameters.tags { _ = stores[number].create(tag, start: nil, isByItself: false) }
        }
        for host in hosts.indices {
            hosts[host].isDiskFull = false
            hosts[host].witnessFails = false
            hosts[host].unlinkFails = false
            hosts[host].isDamaged = false
        }
        for host in hosts.indices where !checker.isOver { serveAgain(host) }
    }

    private func serveAgain(_ host: Int) {
        for _ in 0..<World.roundsMax where !checker.isOver {
            start(host)
            now = now.advanced(by: .milliseconds(200))
            work(host)
            guard hosts[host].daemon != nil else { continue }
            readCatalog(host)
            work(host)
            guard isServing(host) else { continue }
            return
        }
        guard !checker.isOver else { return }
        let daemon = hosts[host].daemon
        checker.fail(
            .notServing,
            "host \(host) does not come to serve again: \(String(describing: daemon?.session)), \(String(describing: daemon?.writer.stage))"
        )
    }

    private func work(_ host: Int) {
        for _ in 0..<40 {
            guard hosts[host].daemon != nil, !checker.isOver else { return }
            let did = stepJournal(host)
            guard hosts[host].daemon != nil else { return }
            if !stepStore(host) && !did { return }
        }
    }

    /// Whether each tag gives an ID to who asks, and nobody is left waiting.
    private func isServing(_ host: Int) -> Bool {
        for tag in 0..<parameters.tags {
            let before = tally.issued
            request(host, tag: tag, count: 1)
            work(host)
            guard tally.issued > before, hosts[host].daemon!.tags[tag].parked.isEmpty else { return false }
        }
        return true
    }
}
