extension WorldParameters {
    /// Those of a seed of snowflakes, but no step of a driver goes wrong by itself, and the layout, window and number of worker
    /// ids are such that the row shows its fault, and not that a unit is long or no worker id is left.
    init(seed: UInt64, fault: ClockFault) {
        self.init(seed: seed, subject: .snowflakes)
        var random = SeededRandom(seed: seed ^ 0x70B1E)
        hosts = 2
        faultPercent = 0
        isRunFolderOnDisk = false
        hasIdentity = true
        // Those that wait after a reboot would wait for the database.
        if fault.kind == .reboot(isStoreDown: true) || fault.kind == .commitLost(isStoreDown: true) {
            afterReboot = .serve
        }
        var snow = snowflakes!
        let workerBits: Int = if case .paused(isAnyFree: false) = fault.kind { 1 } else { 3 }
        let layout = SnowflakeLayout(
            unit: .milliseconds(random.pick([1, 10])), timeBits: 41, workerBits: workerBits,
            sequenceBits: random.pick([3, 8, 12]))
        let format = SnowflakeFormat(layout: layout, epoch: SimulatedClock.base - 1000 * 86400 * 365 * 3)
        var other = layout
        var epoch = format.epoch
        if fault.kind == .otherFormat(isEpoch: true) {
            epoch += 1000 * Int64(random.pick([1, 60, -3600]))
        } else if random.chance(50) {
            other.unit = .milliseconds(format.unit == 1 ? 10 : 1)
        } else {
            (other.workerBits, other.sequenceBits) = (layout.workerBits + 1, layout.sequenceBits - 1)
        }
        snow.formats = [format, SnowflakeFormat(layout: other, epoch: epoch)]
        snow.window = .milliseconds(random.pick([100, 1000]))
        snow.horizon = .seconds(fault.horizons.map { random.pick($0) } ?? snow.horizon.components.seconds)
        if fault.kind == .failover(.takeover) { snow.hold = 1000 * random.pick([120, 180]) }
        snowflakes = snow
    }
}

extension ClockFault {
    /// In seconds; nil: the seed's.
    fileprivate var horizons: [Int64]? {
        switch kind {
        case .wallStepAlone: [7200]
        case .paused, .failover(.takeover), .sameWorker: [60]
        case .outage(isLeaseOver: true), .suspend(nil): [60, 600]
        default: isConfigured ? [60, 600] : nil
        }
    }
}
