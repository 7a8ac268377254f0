import Foundation
import LeafTestKit
import Testing

@testable import LeafJournal

@Suite struct VerifierTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.file("journal") }

    /// A shell in the verifier's place; the path is its $0.
    private func shell(_ script: String, limit: Duration = .seconds(30)) -> Verification {
        ChildProcessVerifier(executable: "/bin/sh", arguments: ["-c", script], limit: limit).verify(path)
    }

    @Test func `an answer is one line, and comes out of it as it went in`() {
        for answer: Verification in [
            .sound(records: 100_000, sequence: .max), .damaged("two words"), .damaged(""), .absent, .unknown("why"),
            // To Swift, a space and a combining mark behind it are one character.
            .damaged("\u{301} is no page"),
        ] {
            #expect(Verification(line: answer.line) == answer)
        }
        #expect(Verification(line: Verification.damaged("a\nb").line) == .damaged("a b"))
        for line in ["", "sound", "sound 1", "sound x 1", "sound -1 -1", "absent-minded", "hello"] {
            #expect(Verification(line: line) == nil)
        }
    }

    @Test func `what is there is told apart from what is not`() throws {
        #expect(Journal.verify(path: path) == .absent)
        do { _ = try openJournal(path) }
        #expect(Journal.verify(path: path) == .sound(records: 0, sequence: 0))
        try makeJournal(path)
        #expect(Journal.verify(path: path) == .sound(records: 20, sequence: 41))
    }

    @Test func `verifying changes nothing`() throws {
        try makeJournal(path)
        let before = try Data(contentsOf: URL(filePath: path + "/data.mdb"))
        _ = Journal.verify(path: path)
        #expect(try Data(contentsOf: URL(filePath: path + "/data.mdb")) == before)
        #expect(try files(in: path) == ["data.mdb", "lock"])
    }

    @Test func `the process is given the path and answers in a line`() {
        #expect(shell("echo sound 3 7") == .sound(records: 3, sequence: 7))
        #expect(shell("echo damaged $0; exit 1") == .damaged(path))
        #expect(shell("echo absent; exit 2") == .absent)
    }

    @Test func `a process that dies of the journal makes it a damaged one, and the signal is named`() {
        #expect(
            shell("kill -BUS $$")
                == .damaged(
                    "the process that verified it died of SIGBUS (the file is shorter than it says)"))
        #expect(
            shell("echo 'mdb.c:1: Assertion failed' >&2; kill -ABRT $$")
                == .damaged(
                    "the process that verified it died of SIGABRT (LMDB found a contradiction): mdb.c:1: Assertion failed"
                ))
        #expect(shell("exit 9") == .damaged("the process that verified it ended with status 9"))
        #expect(
            shell("echo sound 1 1; exit 9")
                == .damaged(
                    "the process that verified it ended with status 9: sound 1 1"))
    }

    @Test func `a process that is kept from verifying says nothing about the journal`() {
        #expect(shell("exit 0") == .unknown("the process that verified it gave no answer"))
        #expect(shell("kill -KILL $$") == .unknown("the process that verified it was ended by SIGKILL"))
        #expect(shell("exit 127") == .unknown("the process that verified it could not run"))
        let missing = ChildProcessVerifier(executable: "/nonexistent", arguments: []).verify(path)
        guard case .unknown(let reason) = missing else {
            Issue.record("\(missing)")
            return
        }
        #expect(reason.contains("/nonexistent"))
    }

    @Test func `a process that does not end is ended, and leaves nothing behind`() throws {
        let verifier = ChildProcessVerifier(
            executable: "/bin/sh", arguments: ["-c", "echo $$ > $0; exec sleep 1000"], limit: .seconds(2))
        #expect(verifier.verify(folder.file("pid")) == .unknown("no answer within 2.0 seconds"))
        let text = try String(contentsOfFile: folder.file("pid"), encoding: .utf8)
        let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        // Not even a zombie.
        #expect(kill(pid, 0) == -1 && errno == ESRCH)
    }

    @Test func `the process inherits no file but its own three`() throws {
        let held = try FileHandle(forReadingFrom: URL(filePath: "/etc/hostname"))
        _ = fcntl(held.fileDescriptor, F_SETFD, 0)
        // ls has one more: the folder that it lists.
        #expect(shell("echo damaged $(ls /proc/self/fd | wc -l); exit 1") == .damaged("4"))
        try held.close()
    }
}
