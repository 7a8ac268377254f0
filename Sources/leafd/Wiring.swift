import LeafConfiguration
import LeafCore
import LeafEngine
import LeafJournal
import LeafServer
import LeafStore

#if canImport(Glibc)
    import Glibc
#endif

/// A configuration that is right in itself, but that this build or this host cannot serve.
struct WiringError: Error, CustomStringConvertible {
    let description: String
}

/// Turns the configuration into what the parts want to know.
extension Configuration {
    func engineSettings(for segmentStore: any SegmentStore, witnessFolder: String?) -> EngineSettings {
        EngineSettings(
            rules: StockRules(
                step: StepPolicy(
                    minStep: segments.minStep, maxStep: segments.maxStep, adjustRatio: segments.adjustRatio,
                    shortLife: segments.shortLife, longLife: segments.longLife),
                preloadThreshold: segments.preloadThreshold, reserve: segments.reserve,
                maxSegments: segments.maxSegments,
                window: journal.window, failoverGap: failoverGap),
            journalPath: journal.path, journalMapBytes: journal.mapSize,
            verifyJournal: ChildProcessVerifier(executable: "/proc/self/exe", arguments: ["--verify-journal"]).verify,
            witnessFolder: witnessFolder, afterReboot: journal.afterReboot == .serve ? .serve : .wait,
            storePlace: StorePlace(url: segmentStore.redactedURL, table: store.table), beat: store.beat,
            autoCreate: segments.autoCreate, tunables: engineTunables(),
            pool: StorePool(
                maxOpen: store.maxOpen, maxIdle: store.maxIdle, maxLifetime: store.maxLifetime,
                queryTimeout: store.queryTimeout),
            snowflake: SnowflakeSettings(
                isEnabled: snowflake.enabled,
                format: SnowflakeFormat(layout: snowflake.layout, epoch: snowflake.epoch),
                worker: snowflake.worker.value, extraWorkers: snowflake.extraWorkers, horizon: snowflake.horizon,
                takeoverHold: snowflake.takeoverHold))
    }

    /// Where the journal's witness is kept; nil with a note for the log if there is no file system in memory for it.
    ///
    /// - Throws: `WiringError` if the configured folder is not on one.
    func chooseWitnessFolder() throws -> (path: String?, note: String?) {
        let choice = WitnessFolder.choose(configured: journal.witness.value, environment: Environment.all)
        if journal.witness.value != nil && choice.path == nil {
            throw WiringError(description: "journal.witness: \(choice.note ?? "")")
        }
        return choice
    }

    func engineTunables() -> EngineTunables {
        EngineTunables(
            maxParked: segments.maxParked,
            tags: segments.tags.map { tag in
                NewTag(
                    tag: tag.name, step: tag.step ?? segments.defaultStep, start: tag.start == 1 ? nil : tag.start,
                    limit: tag.max == .max ? nil : tag.max, description: tag.description.isEmpty ? nil : tag.description
                )
            },
            warm: segments.warm)
    }

    func serverLimits() -> ServerLimits {
        ServerLimits(
            maxConnections: server.maxConnections, maxConnectionsPerUID: server.maxConnectionsPerUID.value,
            maxParkedPerUID: max(1, segments.maxParked - segments.maxParked / 4),
            memoryLimitBytes: server.memoryLimitBytes, maxLineBytes: server.maxLineBytes,
            maxBatch: Int64(server.maxBatch),
            idleTimeout: server.idleTimeout, outputLimitBytes: server.outputLimitBytes,
            waitTimeout: segments.waitTimeout)
    }

    /// - Throws: `WiringError` for users and groups that this host does not know.
    func accessPolicy() throws -> AccessPolicy {
        AccessPolicy(
            rules: try access.map { rule in
                let patterns = rule.tags
                let (uids, gids) = try subjects(of: rule)
                return AccessPolicy.Rule(uids: uids, gids: gids) { tag in patterns.contains { $0.matches(tag.name) } }
            },
            adminUIDs: socket.adminUIDs.isEmpty ? [0, geteuid()] : Set(socket.adminUIDs),
            hasAdminSocket: socket.adminPath != nil)
    }

    private func subjects(of rule: AccessRule) throws -> (uids: Set<UInt32>, gids: Set<UInt32>) {
        switch rule.subject {
        case .uid(let uid): return ([uid], [])
        case .gid(let gid): return ([], [gid])
        case .user(let name):
            guard let user = getpwnam(name) else {
                throw WiringError(description: "access: user \(name): there is no such user on this host")
            }
            return ([user.pointee.pw_uid], [])
        case .group(let name):
            guard let group = Accounts.group(name) else {
                throw WiringError(description: "access: group \(name): there is no such group on this host")
            }
            return (group.members, [group.gid])
        }
    }

    /// The group of the socket's file, if one is configured.
    func socketGroup() throws -> UInt32? {
        guard let name = socket.group else { return nil }
        guard let group = Accounts.group(name) else {
            throw WiringError(description: "socket.group: \(name): there is no such group on this host")
        }
        return group.gid
    }
}

enum Accounts {
    /// A group and the users that are members of it beside those whose own group it is. The kernel tells a socket's peer's
    /// own group only.
    static func group(_ name: String) -> (gid: UInt32, members: Set<UInt32>)? {
        guard let found = getgrnam(name) else { return nil }
        let gid = found.pointee.gr_gid
        var names: [String] = []
        var member = found.pointee.gr_mem
        while let text = member?.pointee {
            names.append(String(cString: text))
            member = member?.advanced(by: 1)
        }
        return (gid, Set(names.compactMap { getpwnam($0)?.pointee.pw_uid }))
    }
}

enum Folders {
    /// Makes the folder that is to hold `path`, with those above it.
    static func makeParent(of path: String) throws {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let folder = String(path[..<slash])
        if mkdir(folder, 0o755) == 0 || errno == EEXIST { return }
        if errno == ENOENT {
            try makeParent(of: folder)
            if mkdir(folder, 0o755) == 0 || errno == EEXIST { return }
        }
        throw WiringError(
            description:
                "the folder \(folder) cannot be made: \(String(cString: strerror(errno))) — make it, writable for "
                + "leafd's user")
    }
}
