package import LeafCore

extension Configuration {
    /// Where clients reach the daemon.
    package struct Socket: Hashable, Sendable {
        package var path = "/run/leafd/leafd.sock"
        /// Permission bits of the socket file.
        package var mode: UInt32 = 0o660
        /// The group the socket file is given to; nil: the daemon's own.
        package var group: String?
        /// A second socket, mode 0600, for admin commands; nil: they are taken on the main one.
        package var adminPath: String?
        /// Who may run admin commands on the main socket; empty: root and the daemon's own user.
        package var adminUIDs: [UInt32] = []
    }

    /// The central store that ranges are leased from.
    package struct Store: Hashable, Sendable {
        package var url = StoreURL.sqlite(path: "/var/lib/leafd/central.sqlite")
        /// A file that holds the password; it is read anew for every connection, so that it can be rotated.
        package var passwordFile: String?
        package var table = "leaf_alloc"
        package var createSchema = CreateSchema.auto
        package var maxOpen = 4
        package var maxIdle = 2
        package var maxLifetime = Duration.seconds(3600)
        package var connectTimeout = Duration.seconds(2)
        package var queryTimeout = Duration.seconds(2)
        package var beat = Duration.seconds(30)
        /// As configured; `Configuration.failoverGap` is the number to work with.
        package var failoverGap = Auto<Int64>.auto
        package var identity = StoreIdentity.auto
        package var tls = TLSMode.preferred
        package var caFile: String?
    }

    /// How ranges are leased ahead of need, and what a tag may hold.
    package struct Segments: Hashable, Sendable {
        package var defaultStep: Int64 = 1000
        package var minStep: Int64 = 100
        package var maxStep: Int64 = 1_000_000
        package var adjustRatio = 2.0
        package var shortLife = Duration.seconds(15 * 60)
        package var longLife = Duration.seconds(30 * 60)
        /// The used share of the current segment at which the next is fetched.
        package var preloadThreshold = 0.1
        /// The outage to have stock for, at the 10-minute mean rate.
        package var reserve = Duration.seconds(30 * 60)
        /// The most segments one tag may hold.
        package var maxSegments = 1000
        /// After which an idle tag leaves memory, not the journal.
        package var cleanupInterval = Duration.seconds(30 * 60)
        /// How long a request waits for a lease in flight.
        package var waitTimeout = Duration.seconds(1)
        /// The most requests that wait at once, over all tags.
        package var maxParked = 10_000
        package var autoCreate = false
        /// Tags to fill at start.
        package var warm: [Tag] = []
        /// Tags that are created in the store if absent.
        package var tags: [TagDefinition] = []
    }

    /// IDs out of time, worker and sequence.
    package struct Snowflake: Hashable, Sendable {
        package var enabled = true
        /// The zero of time, in milliseconds since 1970. The default is Leaf's.
        package var epoch: Int64 = 1_288_834_974_657
        /// The worker id; auto: leased from the store at the first request.
        package var worker = Auto<Int>.auto
        /// How many worker ids are leased beside the first.
        package var extraWorkers = 0
        /// How far ahead a worker id is leased at most.
        package var horizon = Duration.seconds(2 * 3600)
        /// How long nobody takes a new worker id after the store went back in time.
        package var takeoverHold = Duration.seconds(10 * 60)
        package var layout = SnowflakeLayout.leaf
    }

    /// What is durable on this host.
    package struct Journal: Hashable, Sendable {
        package var path = "/var/lib/leafd/journal"
        /// The folder of the witness; auto: the first of $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR, /run/leafd and
        /// /dev/shm that is on tmpfs.
        package var witness = Auto<String>.auto
        /// The most the journal can hold, in bytes.
        package var mapSize = 1 << 30
        /// How much issuing one commit covers.
        package var window = Duration.seconds(1)
        package var afterReboot = AfterReboot.serve
    }

    /// Limits of the socket's side.
    package struct Server: Hashable, Sendable {
        /// Threads that serve connections; auto: min(4, cores).
        package var eventLoops = Auto<Int>.auto
        package var maxConnections = 16_384
        /// Of one uid; zero: as many as there may be. auto: three quarters of them.
        package var maxConnectionsPerUID = Auto<Int>.auto
        /// The most that connections hold for requests and replies, in bytes, one uid half of it.
        package var memoryLimitBytes = 256 << 20
        /// The longest argument of a request, in bytes.
        package var maxLineBytes = 4096
        /// The most IDs of one request, and the most requests of one MULTI.
        package var maxBatch = 100_000
        /// After which a silent connection is closed; zero: never.
        package var idleTimeout = Duration.zero
        /// The most unread replies of one connection, in bytes.
        package var outputLimitBytes = 1 << 20
    }

    /// What the daemon says about itself.
    package struct Log: Hashable, Sendable {
        package var level = LogLevel.info
        package var format = LogFormat.auto
    }
}
