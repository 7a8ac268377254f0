import Glibc
import LeafClient
import Testing

@Suite("Connecting")
struct ConnectTests {
    /// Tries to connect, and gives the error; closes what it got.
    private func failure(_ path: String, timeout: Duration = .seconds(2)) -> LeafClientError? {
        #expect(throws: LeafClientError.self) { try LeafConnection(path: path, timeout: timeout) }
    }

    @Test("to a path where nothing is says so")
    func missing() {
        let error = failure("/tmp/leafd-test-no-such-folder/leafd.sock")
        #expect(error?.code == .noSocket)
        #expect(error?.message.contains("/tmp/leafd-test-no-such-folder/leafd.sock") == true)
        #expect(error?.socketPath == "/tmp/leafd-test-no-such-folder/leafd.sock")
    }

    @Test("to a socket that a dead daemon left behind says that it is not running")
    func stale() throws {
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        close(try listen(at: "\(folder)/leafd.sock"))
        #expect(failure("\(folder)/leafd.sock")?.code == .notRunning)
    }

    @Test("to a file that is no socket says that nobody listens")
    func file() {
        #expect(failure("/etc/passwd")?.code == .notRunning)
    }

    @Test("without permission says so", .disabled(if: geteuid() == 0, "root may open everything"))
    func forbidden() throws {
        let server = try ScriptedServer { _ in }
        chmod(server.path, 0)
        #expect(failure(server.path)?.code == .permissionDenied)
    }

    @Test(
        "to what cannot be a socket's path says how long one may be",
        arguments: ["", String(repeating: "x", count: 108), "/tmp/a\u{0}b"])
    func impossible(path: String) {
        let error = failure(path)
        #expect(error?.code == .system(errno: ENAMETOOLONG))
        #expect(error?.message.contains("1 to 107 bytes") == true)
    }

    @Test("with the longest path there is works")
    func longest() throws {
        let folder = try TemporaryFolder.make()
        let path = "\(folder)/" + String(repeating: "s", count: 107 - folder.utf8.count - 1)
        let listener = try listen(at: path)
        defer {
            close(listener)
            unlink(path)
            rmdir(folder)
        }
        #expect(path.utf8.count == 107)
        #expect(try LeafConnection(path: path).isOpen)
    }

    @Test("to a daemon whose backlog is full waits until the deadline, not longer")
    func fullBacklog() throws {
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        let path = "\(folder)/leafd.sock"
        let listener = try listen(at: path, backlog: 0)
        defer { close(listener) }
        let waiting = try LeafConnection(path: path)
        let start = ContinuousClock.now
        let error = failure(path, timeout: .milliseconds(100))
        let elapsed = ContinuousClock.now - start
        #expect(error?.code == .timeout)
        #expect(elapsed >= .milliseconds(90))
        #expect(waiting.isOpen)
    }
}
