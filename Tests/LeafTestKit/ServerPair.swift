/// A primary and a replica that follows it asynchronously: what has been acknowledged may be lost with the primary.
///
/// The replica refuses writes until it is promoted.
package protocol ServerPair: AnyObject, Sendable {
    associatedtype Server: DatabaseServer

    var primary: Server { get }
    var replica: Server { get }

    /// Waits until the replica has all that the primary has now.
    func waitUntilCaughtUp() throws
    /// Cuts the replica off: it has what has come so far, and none of what follows.
    func holdReplica() throws
    /// Lets it follow again.
    func releaseReplica() throws
    /// Makes the replica a primary of its own, that takes writes, without asking the old one.
    func promoteReplica() throws
}

extension ServerPair {
    /// Both servers, the primary first, in one URL.
    package var url: String { Server.url(of: [primary, replica]) }

    /// Kills the primary, and promotes the replica in its place.
    package func failOver() throws {
        primary.kill()
        try promoteReplica()
    }
}

extension DatabaseServer {
    /// Several servers in one URL, to be tried in turn.
    package static func url(of servers: [Self], database: String = ServerUser.database) -> String {
        let hosts = servers.map { "127.0.0.1:\($0.port)" }
        return "\(scheme)://\(ServerUser.name)@\(hosts.joined(separator: ","))/\(database)"
    }
}
