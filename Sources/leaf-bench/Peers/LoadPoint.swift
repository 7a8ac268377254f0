/// How the load is applied at one point of the comparison.
struct LoadPoint: Hashable, Sendable {
    /// Requests that a client sends before it reads their replies.
    var pipeline: Int
    /// Connections.
    var clients: Int

    /// With one client, most of a request's time is the wake-up of the other processor core, and that depends on how
    /// deep it sleeps: client and server share one core then.
    var isOnOneCore: Bool { clients == 1 }

    var clientsTitle: String { isOnOneCore ? "1, on one core" : String(clients) }

    var description: String { "pipeline \(pipeline), \(clients) client\(clients == 1 ? "" : "s")" }
}
