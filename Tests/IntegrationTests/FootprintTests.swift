import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Integration {
    @Suite("What it costs")
    struct FootprintTests {
        @Test("idle, it hardly wakes up, and takes little memory")
        func idle() throws {
            let daemon = try LeafDaemon(DaemonSetup(tags: ["{name: orders}", "{name: users}"]))
            #expect(try daemon.next("orders") == 1)
            #expect(try daemon.next("users") == 1)
            let client = try daemon.connect()
            #expect(try client.next("orders") == 2)
            let before = try daemon.usage
            let seconds = 10 * soakScale
            pauseThread(.seconds(seconds))
            let after = try daemon.usage
            let share = (after.processorTime - before.processorTime).seconds / seconds
            let megabytes = Double(after.residentBytes) / 1e6
            let wakeUps = after.voluntarySwitches.map { thread, count in
                (
                    thread: after.threadNames[thread] ?? "\(thread)",
                    count: count - (before.voluntarySwitches[thread] ?? 0)
                )
            }
            let list = wakeUps.sorted { $0.count > $1.count }.map { "\($0.thread) \($0.count)" }.joined(separator: ", ")
            figure(
                "idle: CPU \((share * 10000).rounded() / 100) %, RSS \(megabytes) MB, sleeps in \(seconds) s: \(list)")
            // Under ThreadSanitizer its own thread wakes up ten times a second.
            if !isThreadSanitized {
                #expect(share < 0.01)
                // One a second, and what the last requests left to do.
                for thread in wakeUps { #expect(Double(thread.count) <= 1.5 * seconds + 5, "\(thread)") }
                // The release build is to stay under 45 MB; a debug build has larger code.
                #expect(megabytes < (isDebugBuild ? 90 : 45))
            }
        }

        @Test("a tag that is known takes less than 1 KB")
        func tags() throws {
            let count = 20_000
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try daemon.next() == 1)
            try daemon.restart()
            #expect(try daemon.next() == 2)
            let before = try daemon.usage.residentBytes
            try daemon.setup.store.query(
                """
                WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < \(count))
                INSERT INTO leaf_alloc (biz_tag, max_id, step) SELECT printf('a-tag-of-usual-length-%d', n), 1, 1000 FROM numbers;
                """)
            try daemon.restart()
            let leafd = try daemon.connect(timeout: .seconds(60))
            // Unknown, or exhausted, until the list has been read. TAGS would take memory of its own.
            try eventually("all tags are known", within: .seconds(60), every: .milliseconds(20)) {
                try leafd.command("NEXT", "a-tag-of-usual-length-\(count)") == .integer(1)
            }
            let after = try daemon.usage.residentBytes
            let each = (after - before) / count
            figure("\(each) bytes a known tag (\(before / 1000) kB with one tag, \(after / 1000) kB with \(count + 1))")
            // The release build is to stay under 1 KB.
            if !isThreadSanitized { #expect(each < (isDebugBuild ? 1536 : 1024)) }
            #expect(try leafd.command("TAGS").array?.count == count + 1)
        }
    }
}
