internal import LeafStore
internal import LeafStoreSQL

/// Which server is meant and who logs in there, as errors name it. It holds no password.
struct MySQLPlace: Hashable, Sendable {
    let address: ServerAddress
    let user: String
    let database: String
    let caFile: String?

    init(_ address: ServerAddress, user: String, database: String, caFile: String? = nil) {
        self.address = address
        self.user = user
        self.database = database
        self.caFile = caFile
    }

    init(_ address: ServerAddress, _ login: ServerLogin) {
        self.init(address, user: login.user, database: login.database, caFile: login.caFile)
    }

    /// How messages begin.
    var text: String { "central store mysql://\(address)/\(database)" }

    /// The host without the port, or the socket's path.
    var host: String {
        switch address {
        case .tcp(let host, _): host
        case .socket(let path): path
        }
    }

    /// What has been found by leafd itself, not said by the server.
    func error(_ code: StoreError.Code, _ problem: String, isSessionLost: Bool = true) -> StoreError {
        StoreError(code, "\(text): \(problem)", isSessionLost: isSessionLost)
    }
}
