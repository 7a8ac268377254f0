internal import LeafCore

/// What no key can know of itself alone: how the values fit together.
extension Loader {
    mutating func check() {
        checkOrder()
        checkSockets()
        checkStore()
        checkSnowflake()
        checkSnowflakeTime()
    }

    private mutating func checkOrder() {
        let segments = configuration.segments
        let store = configuration.store
        ordered("segments.min-step", segments.minStep, "segments.default-step", segments.defaultStep)
        ordered("segments.default-step", segments.defaultStep, "segments.max-step", segments.maxStep)
        ordered("segments.short-life", segments.shortLife, "segments.long-life", segments.longLife)
        ordered("store.max-idle", store.maxIdle, "store.max-open", store.maxOpen)
    }

    /// One value must not be above another. The one that was given is to blame, of two given ones the upper.
    private mutating func ordered<Value: Comparable>(
        _ low: String, _ lowValue: Value, _ high: String, _ highValue: Value
    ) {
        guard lowValue > highValue, areRight(low, high), let lowKey = Key.named(low), let highKey = Key.named(high)
        else {
            return
        }
        if let input = given[high] {
            problems.append(
                input.problem(
                    "must be at least \(low) (\(lowKey.text(in: configuration)))",
                    "raise \(highKey.shortName) or lower \(lowKey.shortName)"))
        } else if let input = given[low] {
            problems.append(
                input.problem(
                    "must be at most \(high) (\(highKey.text(in: configuration)))",
                    "lower \(lowKey.shortName) or raise \(highKey.shortName)"))
        }
    }

    private func areRight(_ keys: String...) -> Bool { failed.isDisjoint(with: keys) }

    private mutating func checkSockets() {
        let socket = configuration.socket
        if areRight("socket.path", "socket.admin-path"), socket.adminPath == socket.path,
            let input = given["socket.admin-path"] ?? given["socket.path"]
        {
            problems.append(
                input.problem(
                    "socket.admin-path must differ from socket.path",
                    "name another path, or \"\" to take admin commands on the main socket"))
        }
    }

    private mutating func checkStore() {
        let store = configuration.store
        guard areRight("store.url") else { return }
        if store.url.server?.password != nil, let url = given["store.url"] {
            if let file = given["store.password-file"], areRight("store.password-file"), store.passwordFile != nil {
                problems.append(
                    file.problem("store.url has a password as well", "keep the file, and take it out of the URL"))
            } else {
                warn(url, "has a password", "put it into a file of mode 0600 and name that in store.password-file")
            }
        }
        checkTransport()
        if let gap = given["store.failover-gap"], areRight("store.failover-gap", "segments.max-step"),
            configuration.failoverGap < configuration.segments.maxStep
        {
            let step = configuration.segments.maxStep
            warn(gap, "is less than one largest lease (segments.max-step: \(step))", "raise it, or write auto")
        }
        if let file = given["store.ca-file"], areRight("store.ca-file", "store.tls"), store.caFile != nil,
            store.tls != .verifyFull
        {
            warn(file, "has no effect with store.tls: \(store.tls.rawValue)", "write tls: verify-full")
        }
    }

    /// What does not go with the kind of store, or with a Unix socket, over which nothing is encrypted.
    private mutating func checkTransport() {
        let store = configuration.store
        guard let server = store.url.server else {
            if let file = given["store.password-file"], areRight("store.password-file"), store.passwordFile != nil {
                warn(file, "has no effect on SQLite", "remove it, or correct store.url")
            }
            return
        }
        guard server.socket != nil, let tls = given["store.tls"], areRight("store.tls") else { return }
        switch store.tls {
        case .verifyFull:
            problems.append(
                tls.problem(
                    "store.url names a Unix socket, over which there is no certificate to check",
                    "name the host in store.url, or write tls: preferred"))
        case .required:
            warn(tls, "has no effect over the Unix socket of store.url", "name the host there, or write tls: preferred")
        case .disabled, .preferred: break
        }
    }

    private mutating func checkSnowflake() {
        let snowflake = configuration.snowflake
        guard areRight("snowflake.layout") else { return }
        let workers = snowflake.layout.workers
        let layout = "layout \(snowflake.layout.text) has the workers 0–\(workers - 1)"
        if let worker = snowflake.worker.value, worker >= workers, areRight("snowflake.worker"),
            let input = given["snowflake.worker"]
        {
            problems.append(
                input.problem("must be below \(workers): \(layout)", "choose a smaller worker, or a layout with more"))
        }
        if snowflake.extraWorkers >= workers, areRight("snowflake.extra-workers"),
            let input = given["snowflake.extra-workers"] ?? given["snowflake.layout"]
        {
            problems.append(
                input.problem("extra-workers must be below \(workers): \(layout)", "lower it, or choose another layout")
            )
        }
    }

    /// The epoch and the layout together say from when to when there are IDs.
    ///
    /// Not for the defaults, so that a wrong clock alone keeps no daemon from starting: the message needs a place to point at.
    private mutating func checkSnowflakeTime() {
        let snowflake = configuration.snowflake
        guard snowflake.enabled, areRight("snowflake.enabled", "snowflake.epoch", "snowflake.layout") else { return }
        let format = SnowflakeFormat(layout: snowflake.layout, epoch: snowflake.epoch)
        let clock = "this host's clock says \(UTCTime(milliseconds: now).date)"
        if let epoch = given["snowflake.epoch"], snowflake.epoch > clockAtLeast {
            let date = UTCTime(milliseconds: snowflake.epoch).date
            problems.append(
                epoch.problem(
                    "lies in the future, on \(date): \(clock)",
                    "give a time of the past, in milliseconds since 1970, or set the clock right"))
            return
        }
        guard let input = given["snowflake.epoch"] ?? given["snowflake.layout"] else { return }
        let end = UTCTime(milliseconds: format.lastTime).date
        let reason = "layout \(snowflake.layout.text) has no more IDs after \(end): \(clock)"
        let remedy = "choose a later epoch, or a layout with more time-bits or a longer unit"
        if format.lastTime < clockAtLeast + Loader.yearInMilliseconds {
            problems.append(input.problem(reason, remedy))
        } else if format.lastTime < clockAtLeast + 10 * Loader.yearInMilliseconds {
            warn(input, reason, remedy + ", before IDs are in use")
        }
    }

    private static let yearInMilliseconds: Int64 = 365 * 86_400_000

    /// A host without a battery for its clock boots in 1970, which is no reason to stay away.
    private var clockAtLeast: Int64 { max(now, Loader.leastClock) }

    /// 2026: when this was written, in milliseconds since 1970.
    private static let leastClock: Int64 = 1_767_225_600_000

    private mutating func warn(_ input: Input, _ reason: String, _ remedy: String) {
        warnings.append(input.problem(reason, remedy).description)
    }
}
