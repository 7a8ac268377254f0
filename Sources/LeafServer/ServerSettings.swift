package import LeafCore

/// The limits of the socket's side. All of them may change with a reload, for connections opened afterwards.
package struct ServerLimits: Sendable {
    /// Connections open at once.
    package var maxConnections: Int
    /// Of one uid; 0: as many as there may be; nil: three quarters of them.
    package var maxConnectionsPerUID: Int?
    /// Requests of one uid that wait at once.
    package var maxParkedPerUID: Int
    /// Bytes of requests and replies that all connections together may hold, and one uid's half of it.
    package var memoryLimitBytes: Int
    /// Bytes of one argument, and of one inline line.
    package var maxLineBytes: Int
    /// IDs of one request, and requests of one MULTI.
    package var maxBatch: Int64
    /// After which a silent connection is closed; zero: never.
    package var idleTimeout: Duration
    /// Bytes of replies that a client has not read yet; beyond, its requests wait.
    package var outputLimitBytes: Int
    /// How long a parked request waits.
    package var waitTimeout: Duration

    package init(
        maxConnections: Int, maxConnectionsPerUID: Int? = nil, maxParkedPerUID: Int = .max,
        memoryLimitBytes: Int = 256 << 20, maxLineBytes: Int, maxBatch: Int64, idleTimeout: Duration,
        outputLimitBytes: Int,
        waitTimeout: Duration
    ) {
        self.maxConnections = maxConnections
        self.maxConnectionsPerUID = maxConnectionsPerUID
        self.maxParkedPerUID = maxParkedPerUID
        self.memoryLimitBytes = memoryLimitBytes
        self.maxLineBytes = maxLineBytes
        self.maxBatch = maxBatch
        self.idleTimeout = idleTimeout
        self.outputLimitBytes = outputLimitBytes
        self.waitTimeout = waitTimeout
    }

    var heldBytes: HeldBytes { HeldBytes(ofAll: memoryLimitBytes) }
}

/// Who may do what, by the uid and gid that the kernel vouches for.
package struct AccessPolicy: Sendable {
    /// Who a rule is about: names are resolved already.
    package struct Rule: Sendable {
        package var uids: Set<UInt32>
        package var gids: Set<UInt32>
        package var allows: @Sendable (Tag) -> Bool

        package init(uids: Set<UInt32>, gids: Set<UInt32>, allows: @escaping @Sendable (Tag) -> Bool) {
            self.uids = uids
            self.gids = gids
            self.allows = allows
        }
    }

    /// Empty: everybody may use every tag.
    package var rules: [Rule]
    package var adminUIDs: Set<UInt32>
    /// Admin commands are taken on the admin socket alone.
    package var hasAdminSocket: Bool

    package init(rules: [Rule], adminUIDs: Set<UInt32>, hasAdminSocket: Bool) {
        self.rules = rules
        self.adminUIDs = adminUIDs
        self.hasAdminSocket = hasAdminSocket
    }

    /// What one client may do.
    struct Grant: Sendable {
        /// nil: every tag.
        let rules: [Rule]?
        let isAdmin: Bool

        func allows(_ tag: Tag) -> Bool {
            rules?.contains { $0.allows(tag) } ?? true
        }
    }

    func grant(uid: UInt32, gid: UInt32, onAdminSocket: Bool) -> Grant {
        Grant(
            rules: rules.isEmpty ? nil : rules.filter { $0.uids.contains(uid) || $0.gids.contains(gid) },
            isAdmin: adminUIDs.contains(uid) && onAdminSocket == hasAdminSocket)
    }
}
