internal import CLeafPlatform
internal import Glibc
internal import LeafClient

/// A preforking server in small, for the tests: threads take IDs all the time, children are forked meanwhile, and take IDs
/// too. Each process writes its own to a file.
///
///     leaf-fork-probe SOCKET FOLDER CHILDREN IDS
///
/// A program of its own, since the tests' process runs much else that does not survive a fork.
@main
enum ForkProbe {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let children = Int(arguments[3]), let ids = Int(arguments[4]) else {
            fail("usage: leaf-fork-probe SOCKET FOLDER CHILDREN IDS")
        }
        let server = try ForkingServer(socket: arguments[1], folder: arguments[2], ids: ids)
        try server.run(children: children)
    }

    static func fail(_ text: String) -> Never {
        let line = "leaf-fork-probe: \(text)\n"
        _ = write(2, line, line.utf8.count)
        _exit(1)
    }
}

/// `fork`, which Swift hides.
func forkProcess() -> pid_t {
    typealias Fork = @convention(c) () -> pid_t
    return unsafeBitCast(dlsym(nil, "fork"), to: Fork.self)()
}
