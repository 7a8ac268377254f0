internal import LeafCore
package import LeafStore
internal import LeafThreads

/// A central store in MySQL, MariaDB or PostgreSQL.
///
/// Several hosts are tried in turn, from the one that served last: the primary and its replicas, the nodes of a cluster.
package struct SQLStore: SegmentStore {
    package let maxSessions: Int
    private let dialect: any SQLDialect
    private let hosts: [ServerAddress]
    private let login: ServerLogin
    private let table: TableName
    private let createSchema: Bool
    private let defaultStep: Int64
    private let hasIdentity: Bool
    private let interrupted = Interrupt()
    /// The index of the host that served last.
    private let lastHost = Lock(0)

    /// Names the store; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - hosts: at least one.
    ///   - createSchema: whether tables may be made: where the journal knows no store yet, and `leafd_worker` in any.
    ///   - defaultStep: the step of a row that has no usable one, at least 1.
    ///   - identity: whether servers are told from each other (`store.identity`).
    ///   - maxSessions: how many connections may be open at once (`store.max-open`).
    package init(
        dialect: any SQLDialect, hosts: [ServerAddress], login: ServerLogin, table: String, createSchema: Bool,
        defaultStep: Int64, identity: Bool, maxSessions: Int
    ) throws(StoreError) {
        precondition(!hosts.isEmpty && defaultStep >= 1 && maxSessions >= 1)
        self.dialect = dialect
        self.hosts = hosts
        self.login = login
        self.table = try TableName(table)
        self.createSchema = createSchema
        self.defaultStep = defaultStep
        hasIdentity = identity
        self.maxSessions = maxSessions
    }

    package var kind: String { dialect.kind }

    /// Without user and password: they are not what makes it another place.
    package var redactedURL: String {
        if case .socket(let path) = hosts[0] { return "\(kind):///\(login.database)?socket=\(path)" }
        return "\(kind)://\(hosts.map(\.description).joined(separator: ","))/\(login.database)"
    }

    package func interrupt() {
        interrupted.fire()
    }

    package func connect(knownStore: StoreID?, mayCreate: Bool) throws(StoreError) -> any StoreSession {
        try open(knownStore: knownStore, mayCreate: mayCreate)
    }

    /// `connect`, with the type that tests look into.
    package func open(knownStore: StoreID?, mayCreate isFirst: Bool = true) throws(StoreError) -> SQLSession {
        let first = lastHost.with { $0 }
        var failures: [(host: ServerAddress, error: StoreError)] = []
        for offset in hosts.indices {
            let index = (first + offset) % hosts.count
            do throws(StoreError) {
                return try session(on: index, knownStore: knownStore, isFirst: isFirst && knownStore == nil)
            } catch {
                // What is wrong with the database itself is so on every host.
                guard [.unavailable, .readOnly].contains(error.code), hosts.count > 1 else { throw error }
                failures.append((hosts[index], error))
            }
        }
        throw Self.summary(failures)
    }

    private func session(on index: Int, knownStore: StoreID?, isFirst: Bool) throws(StoreError) -> SQLSession {
        guard createSchema else { return try session(on: index, knownStore, isFirst, .off) }
        do throws(StoreError) {
            return try session(on: index, knownStore, isFirst, .on)
        } catch {
            guard error.code == .misconfigured else { throw error }
            // It may not make tables. Where the central one is there, it may do without its own.
            do throws(StoreError) {
                return try session(on: index, knownStore, isFirst, isFirst ? .refused(error.message) : .off)
            } catch let second {
                throw second.code == .missing ? error : second
            }
        }
    }

    private func session(
        on index: Int, _ knownStore: StoreID?, _ isFirst: Bool, _ creation: StoreOpening.Creation,
        workersProblem: String? = nil
    ) throws(StoreError) -> SQLSession {
        let (connection, traits) = try connect(to: hosts[index])
        lastHost.with { $0 = index }
        var opening = StoreOpening(
            dialect: dialect, connection: connection, traits: traits, table: table,
            place: "central store \(kind)://\(hosts[index])/\(login.database)",
            derivedID: .derived(kind: kind, hosts: hosts.map(\.description), login.database, table.text),
            defaultStep: defaultStep, workersProblem: workersProblem)
        do throws(StoreError) {
            return try opening.session(knownStore: knownStore, isFirst: isFirst, creation)
        } catch {
            connection.close()
            guard workersProblem == nil, let problem = opening.workersProblem else { throw error }
            return try session(on: index, knownStore, isFirst, creation, workersProblem: problem)
        }
    }

    private func connect(to host: ServerAddress) throws(StoreError) -> (any SQLConnection, ServerTraits) {
        let connection = try dialect.connect(host, login, interrupted)
        do throws(StoreError) {
            return (connection, try dialect.examine(connection, hasIdentity: hasIdentity))
        } catch {
            connection.close()
            throw error
        }
    }

    /// One error for all hosts. In the order of the URL, so that it is the same text each time.
    private static func summary(_ failures: [(host: ServerAddress, error: StoreError)]) -> StoreError {
        let isReadOnly = failures.contains { $0.error.code == .readOnly }
        let texts = failures.sorted { $0.host.description < $1.host.description }.map(\.error.message)
        return StoreError(
            isReadOnly ? .readOnly : .unavailable,
            "none of the \(failures.count) hosts of store.url serves: \(texts.joined(separator: "; "))",
            isSessionLost: true,
            topic: "none of the hosts: \(failures.map(\.error.code.rawValue).sorted().joined(separator: ","))")
    }
}

extension StoreID {
    /// The identity of a store that cannot hold one (no `leafd_state`): it follows from where it is.
    ///
    /// Not from the server: a changed identity would end the floors too, and they are the only guard that such a store has left.
    static func derived(kind: String, hosts: [String], _ database: String, _ table: String) -> StoreID {
        // FNV-1a, 128 bits: http://www.isthe.com/chongo/tech/comp/fnv/ . Nothing here resists an attacker, nor has to.
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for byte in ([kind] + hosts.sorted() + [database, table]).joined(separator: "\0").utf8 {
            hash = (hash ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b
        }
        let digits = String(hash, radix: 16)
        return StoreID(String(repeating: "0", count: 32 - digits.utf8.count) + digits)!
    }
}
