internal import ArgumentParser
internal import LeafClient

/// Where leafd is, and how long it may take: the options of every command that talks to it.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The Unix socket of leafd.", valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp("How long leafd may take for one answer: 500ms, 2s, 1m.", valueName: "duration"),
        transform: duration(argument:))
    var timeout: Duration = .seconds(2)

    func connect() throws -> LeafConnection {
        if let socket { return try LeafConnection(path: socket, timeout: timeout) }
        do {
            return try LeafConnection(path: SocketPath.default(), timeout: timeout)
        } catch {
            guard error.code == .noSocket, error.socketPath == SocketPath.installed else { throw error }
            throw LeafClientError(
                .noSocket, socketPath: error.socketPath,
                "there is no socket at \(SocketPath.installed), and none of yours at \(SocketPath.development): "
                    + "start leafd (systemctl start leafd, or make run), or say where it is with --socket or $LEAFD_SOCKET"
            )
        }
    }
}
