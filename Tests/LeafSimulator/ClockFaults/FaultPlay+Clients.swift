/// What clients ask, as the daemon's connections do it, and for how long they get nothing.
extension FaultPlay {
    /// At most half of what one worker id has.
    func newClient() -> SteadyClient {
        let format = world.parameters.snowflakes!.formats[0]
        let perUnit = format.layout.idsPerUnit
        let count = min(random.pick([1, 1, 3, perUnit / 2, perUnit * 2]), perUnit * 10)
        let least = Duration.milliseconds(2 * format.unit * max(1, count) / perUnit + 2 * format.unit)
        let pause: Duration = isBrief ? .milliseconds(100) : .milliseconds(random.pick([5, 20, 100]))
        return SteadyClient(count: max(1, count), pause: max(pause, least))
    }

    private static var retryPause: Duration { .milliseconds(10) }
    /// After the store was asked, it is asked again for the next request no sooner.
    private static var storePause: Duration { .seconds(1) }

    func ask(_ host: Int) {
        guard let daemon = world.hosts[host].daemon, let snow = daemon.snow, !daemon.isStopping else { return }
        if hosts[host].client.stalledSince == nil { hosts[host].client.stalledSince = world.now }
        let held = snow.workers.filter { $0.object.phase != .gone }.map(\.serial)
        guard !held.isEmpty else { return wantStore(host, .noWorker) }
        var soonest: Int64?
        var refusal: SnowflakeRefusal?
        hosts[host].client.isAsking = true
        defer { hosts[host].client.isAsking = false }
        for serial in held {
            switch world.stamp(host, serial: serial, hosts[host].client.count) {
            case .taken, .parked: return
            case .wait(let microseconds): soonest = min(soonest ?? .max, microseconds)
            case .refused(let reason): refusal = refusal ?? reason
            case .gone: break
            }
        }
        if let soonest {
            hosts[host].client.dueAt = world.now.advanced(by: .microseconds(soonest))
        } else if case .leaseOver = refusal {
            wantStore(host, .clock)
        } else if let refusal {
            refuse(host, refusal == .journalFailing ? .unhealthy : .clock)
        } else {
            wantStore(host, .noWorker)
        }
    }

    /// A worker id is to be leased, or its lease renewed: for that the request waits, unless it has just been tried.
    private func wantStore(_ host: Int, _ reply: FaultReply) {
        let isTooSoon = hosts[host].client.storeAskedAt.map { world.now.since($0) < Self.storePause } ?? false
        guard !isTooSoon, world.hosts[host].daemon?.link.isBackingOff == false else { return refuse(host, reply) }
        hosts[host].client.isWaitingForStore = true
        world.askWorkers(host)
    }

    /// The store's thread has gone on: whoever waits for it may ask again.
    func hearStore(_ host: Int) {
        guard hosts[host].client.isWaitingForStore, let daemon = world.hosts[host].daemon else { return }
        var isOver = daemon.link.isBackingOff
        if case .ready = daemon.session, daemon.snow?.due.isEmpty == true { isOver = true }
        guard isOver else { return }
        hosts[host].client.isWaitingForStore = false
        hosts[host].client.storeAskedAt = world.now
        hosts[host].client.dueAt = world.now
    }

    /// What a request came to: one that was parked comes to it later.
    func hear(_ host: Int, _ verdict: SnowflakeWorker.Verdict) {
        guard host < hosts.count else { return }
        switch verdict {
        case .taken:
            if let since = hosts[host].client.stalledSince {
                noteStall(host, world.now.since(since), hasEnded: true)
            }
            hosts[host].client.stalledSince = nil
            let pause = hosts[host].client.pause
            let quiet: Duration = isBrief ? .seconds(5) : .seconds(2)
            hosts[host].client.dueAt = world.now.advanced(by: isBusy ? pause : max(quiet, pause))
        case .parked: break
        default:
            // Whoever asks just now sees to it.
            if !hosts[host].client.isAsking { hosts[host].client.dueAt = world.now }
        }
    }

    private func refuse(_ host: Int, _ reply: FaultReply) {
        if phase != nil, hosts[host].isWatched { told.insert(reply) }
        let stall = hosts[host].client.stalledSince.map { world.now.since($0) } ?? .zero
        hosts[host].client.dueAt = world.now.advanced(by: max(Self.retryPause, stall / (isBrief ? 10 : 100)))
    }
}
