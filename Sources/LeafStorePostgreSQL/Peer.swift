import LeafStore
import LeafStoreSQL

/// Whom a connection talks to, as error messages name it. It knows no password.
struct Peer: Hashable, Sendable, CustomStringConvertible {
    let address: ServerAddress
    let user: String
    let database: String

    init(_ address: ServerAddress, _ login: ServerLogin) {
        self.address = address
        user = login.user
        database = login.database
    }

    var description: String { "postgresql \(address), database \"\(database)\"" }

    /// An error of the form that all of them have: whom, what was done, what came of it.
    func error(
        _ code: StoreError.Code, _ action: String, _ problem: String, isSessionLost: Bool = true,
        cause: (any Error)? = nil
    ) -> StoreError {
        StoreError(
            code, "central store \(self): \(action) failed: \(problem)", cause: cause, isSessionLost: isSessionLost)
    }

    /// An error about something that was found and not about something that failed.
    func refusal(_ code: StoreError.Code, _ problem: String) -> StoreError {
        StoreError(code, "central store \(self): \(problem)", isSessionLost: true)
    }
}
