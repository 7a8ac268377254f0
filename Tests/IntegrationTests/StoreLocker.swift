import Foundation
import LeafTestKit

/// Another process that sits on the store with a write transaction.
final class StoreLocker: Sendable {
    private let child: ChildProcess
    private let commands: FileHandle
    private let outputPath: String
    private let files = TemporaryFolder()

    init(_ store: StoreFiles) throws {
        let pipe = files.file("commands")
        outputPath = files.file("output")
        guard mkfifo(pipe, 0o600) == 0 else { throw TestProblem("no pipe can be made") }
        // For reading too, so that opening does not wait for the other side.
        guard let handle = FileHandle(forUpdatingAtPath: pipe), let sqlite = Tool.find("sqlite3") else {
            throw TestProblem("sqlite3 is not there")
        }
        commands = handle
        child = try ChildProcess(
            sqlite, ["-cmd", ".timeout 10000", store.path], input: pipe, output: outputPath, errors: outputPath)
    }

    func lock() throws {
        commands.write(Data("BEGIN IMMEDIATE; SELECT 'locked';\n".utf8))
        try eventually("the store is locked") { Tool.text(outputPath).contains("locked") }
    }

    func release() throws {
        child.kill()
    }
}
