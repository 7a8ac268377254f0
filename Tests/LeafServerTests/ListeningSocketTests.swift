import Glibc
import LeafServer
import LeafTestKit
import Testing

/// The socket's file: made with its permissions, taken over from the dead, never from the living.
struct ListeningSocketTests {
    let folder = TemporaryFolder()
    var path: String { folder.file("leafd.sock") }

    @Test(arguments: [UInt32(0o660), 0o600, 0o666])
    func theFileHasTheModeThatIsAskedFor(mode: UInt32) throws {
        let socket = try ListeningSocket(path: path, mode: mode, group: getegid())
        defer { close(socket.descriptor) }
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == mode && status.st_mode & S_IFMT == S_IFSOCK)
        socket.remove()
        #expect(lstat(path, &status) != 0)
    }

    @Test func aFileLeftByADeadDaemonIsReplaced() throws {
        let dead = try ListeningSocket(path: path, mode: 0o600, group: nil)
        close(dead.descriptor)
        let socket = try ListeningSocket(path: path, mode: 0o600, group: nil)
        close(socket.descriptor)
    }

    @Test func aLivingDaemonIsNotDisturbed() throws {
        let living = try ListeningSocket(path: path, mode: 0o600, group: nil)
        defer { close(living.descriptor) }
        #expect(throws: ListenError.self) { try ListeningSocket(path: path, mode: 0o600, group: nil) }
        var status = stat()
        #expect(lstat(path, &status) == 0)
    }

    @Test func anotherFileIsNotRemoved() throws {
        let file = fopen(path, "w")
        fclose(file)
        let error = #expect(throws: ListenError.self) { try ListeningSocket(path: path, mode: 0o600, group: nil) }
        #expect(error?.message == "\(path) exists and is not a socket — remove it, or choose another socket.path")
        #expect(access(path, F_OK) == 0)
    }

    @Test func aPathThatIsTooLongAndAFolderThatIsMissingAreNamed() throws {
        let long = folder.file(String(repeating: "x", count: 120))
        let tooLong = #expect(throws: ListenError.self) { try ListeningSocket(path: long, mode: 0o600, group: nil) }
        #expect(tooLong?.message.contains("a Unix socket's may have 107") == true)
        let missing = folder.file("no/leafd.sock")
        let noFolder = #expect(throws: ListenError.self) { try ListeningSocket(path: missing, mode: 0o600, group: nil) }
        #expect(noFolder?.message.contains("does its folder exist") == true)
    }
}
