import Foundation
import LeafTestKit
import Testing

extension Crash {
    @Suite("Started many times")
    struct ManyStartsTests {
        private static let startCount = 100

        @Test("a hundred daemons started at once on one journal: one serves, the others say why they do not")
        func atOnce() throws {
            let host = Host()
            // There is a journal already, with stock in it.
            try LeafDaemon(host.setup("before", journal: host.folder.file("journal"))).stop()
            var owners = 0
            let rounds = Int(1 * soakScale)
            for round in 0..<rounds {
                let setups = (0..<ManyStartsTests.startCount).map { number in
                    host.setup("r\(round)d\(number)", journal: host.folder.file("journal"))
                }
                let children = try setups.map { try LeafDaemon.launch($0) }
                // Whoever neither ends nor answers is still on the way.
                try eventually("each has ended or answers", within: .seconds(120), every: .milliseconds(50)) {
                    zip(children, setups).allSatisfy { child, setup in
                        child.exit() != nil || FileManager.default.fileExists(atPath: setup.socketPath)
                    }
                }
                let serving = zip(children, setups).filter { child, _ in child.exit() == nil }
                #expect(serving.count == 1)
                for (_, setup) in serving { try host.waitForIDs(setup.socketPath) }
                for (child, setup) in zip(children, setups) where child.exit() != nil {
                    #expect(child.exit() == .code(1))
                    let log = Tool.text(setup.logPath)
                    #expect(
                        log.contains("another leafd holds the journal \(host.folder.file("journal"))"), "\(log)")
                }
                owners += serving.count
                for child in children { child.kill() }
            }
            host.expectNoDuplicates()
            figure(
                "\(ManyStartsTests.startCount) simultaneous starts: \(owners) served in \(host.summary(cycles: rounds))"
            )
        }
    }
}
