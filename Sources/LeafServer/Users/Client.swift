/// Who is at the other end of a connection, and what it may do.
struct Client: Sendable {
    /// Of the connection, from 1: CLIENT ID.
    let number: Int64
    let isOnAdminSocket: Bool
    let grant: AccessPolicy.Grant
    let account: UserAccount
}
