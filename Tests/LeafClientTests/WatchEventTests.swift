import LeafCore
import LeafProtocol
import Testing

@testable import leafctl

/// What `leafctl stats --watch` tells of two snapshots.
struct WatchEventTests {
    private func events(_ change: (inout StatsDocument) -> Void) -> [String] {
        let later = StatsExample.snapshot {
            $0.uptimeSeconds += 1
            change(&$0)
        }
        return SnapshotChanges.events(from: StatsExample.snapshot(), to: later)
            .map { $0.count > 1 ? "\($0.text) ×\($0.count)" : $0.text }
    }

    @Test func `where nothing has changed, nothing has happened`() {
        #expect(events { _ in } == [])
        #expect(
            events {
                $0.tags[0].issued += 1000
                $0.commands["NEXT", default: 0] += 1000
                $0.journal.commits += 1
            } == [])
    }

    @Test func `the store goes down and comes back`() {
        #expect(events { $0.store.up = false } == ["the store went down: server closed the connection unexpectedly"])
        let down = StatsExample.snapshot { $0.store.up = false }
        #expect(
            SnapshotChanges.events(from: down, to: StatsExample.snapshot()).map(\.text) == ["the store is up again"])
    }

    @Test func `failed calls while the store is up are told`() {
        #expect(
            events { $0.store.errors += 2 } == ["the store failed: server closed the connection unexpectedly ×2"])
    }

    @Test func `loads, switches, failed loads and losses are told by their tags`() {
        #expect(events { $0.tags[0].segmentLoads += 1 } == ["orders: loaded a segment"])
        #expect(
            events { for index in $0.tags.indices { $0.tags[index].bufferSwitches += 1 } } == [
                "orders, users, payments/eur…efunds/2026 and 2 more: went on to the next segment ×5"
            ])
        #expect(events { $0.tags[1].loadFailures += 3 } == ["users: a load failed ×3"])
        #expect(events { $0.tags[1].lost += 500 } == ["users: IDs lost ×500"])
    }

    @Test func `stock that ends and stock that comes are told`() {
        #expect(events { $0.tags[0].stock = 0 } == ["orders: no IDs left"])
        #expect(events { $0.tags[4].stock = 1000 } == ["parcels: IDs in stock"])
    }

    @Test func `errors and refused connections are counted`() {
        #expect(events { $0.errors["EXHAUSTED"] = 19 } == ["a request was answered with EXHAUSTED ×7"])
        #expect(events { $0.errors["CLOCK"] = 1 } == ["a request was answered with CLOCK"])
        #expect(events { $0.connections.refused += 4 } == ["a connection was refused ×4"])
    }

    @Test func `a clock step, another worker id and an end of snowflakes are told`() {
        #expect(events { $0.snowflake.clockSteps += 1 } == ["the wall clock has jumped; snowflakes take no step back"])
        #expect(events { $0.snowflake.workers = [41] } == ["worker ids: 39, 40, now 41"])
        #expect(events { $0.snowflake.problem = "the lease is over" } == ["no snowflakes: the lease is over"])
    }

    @Test func `a lift, a new agent id and trouble with the journal are told`() {
        #expect(events { $0.store.lifts += 1 } == ["the database had gone backward: the counters were lifted"])
        #expect(events { $0.agentID = "other" }[0].hasPrefix("a new agent id (other): the stock was given up"))
        #expect(events { $0.journal.failures += 2 } == ["the journal could not be written ×2"])
        #expect(events { $0.journal.replacements += 1 } == ["the journal was set aside for a fresh one"])
        #expect(events { $0.journal.witness = false }[0].hasPrefix("the journal has lost its witness"))
    }

    @Test func `another health is told with its reason`() {
        var later = StatsExample.snapshot()
        later.health = HealthAnswer(state: .unhealthy, reason: "no stock of orders")
        #expect(
            SnapshotChanges.events(from: StatsExample.snapshot(), to: later).map(\.text) == [
                "unhealthy: no stock of orders"
            ])
        #expect(SnapshotChanges.events(from: later, to: StatsExample.snapshot()).map(\.text) == ["healthy again"])
    }

    /// In a container the pid is the same each time; after a long outage leafd may have been up for longer than before.
    @Test(arguments: [(Int64(4712), 20_000.0), (4711, 1)])
    func `after a restart the counters begin anew, and are no events`(pid: Int64, uptime: Double) {
        #expect(
            events {
                $0.pid = pid
                $0.uptimeSeconds = uptime
                $0.version = "0.8.0"
                $0.errors["NOTAG"] = 4000
                $0.store.errors = 100
            } == ["leafd has restarted: pid 4711 is now \(pid), its stock proven", "leafd 0.7.0 is now 0.8.0"])
    }

    @Test func `an outage of leafd is told once, and its end with its length`() {
        func time(_ seconds: Int64) -> UTCTime {
            UTCTime(milliseconds: StatsExample.time.milliseconds + seconds * 1000)
        }
        var state = WatchState()
        state.take(StatsExample.snapshot())
        state.fail("nobody listens", at: time(1))
        state.fail("there is no socket", at: time(2))
        #expect(state.events.entries.map(\.event.text) == ["no answer: nobody listens"])
        #expect(state.outage?.reason == "there is no socket")
        var back = StatsExample.snapshot()
        back.time = time(8)
        state.take(back)
        #expect(state.outage == nil)
        #expect(
            state.events.entries.map(\.event.text) == ["leafd answers again, after 7s", "no answer: nobody listens"])
    }

    // MARK: The log

    @Test func `what comes again within a minute is one entry, newest first`() {
        var log = EventLog()
        func add(_ topic: String, _ seconds: Int64, count: Int64 = 1) {
            log.add([WatchEvent(topic: topic, .plain, topic, count: count)], at: UTCTime(milliseconds: seconds * 1000))
        }
        add("error", 0, count: 3)
        add("switch", 10)
        add("error", 50, count: 4)
        #expect(log.entries.map(\.event.text) == ["error", "switch"])
        #expect(log.entries.map(\.count) == [7, 1])
        add("error", 110)
        #expect(log.entries.map(\.count) == [1, 7, 1], "a minute later it is another story")
    }

    @Test func `what breaks and what mends are two entries, however soon they follow each other`() {
        var log = EventLog()
        for (seconds, weight) in [(Int64(1), WatchEvent.Weight.bad), (2, .good), (3, .bad)] {
            let event = WatchEvent(topic: "store", weight, "\(weight)")
            log.add([event], at: UTCTime(milliseconds: seconds * 1000))
        }
        #expect(log.entries.map(\.event.text) == ["bad", "good"] && log.entries.map(\.count) == [2, 1])
    }

    @Test func `the log does not grow without end`() {
        var log = EventLog()
        for number in 0..<1000 {
            log.add([WatchEvent(topic: "\(number)", .plain, "\(number)")], at: StatsExample.time)
        }
        #expect(log.entries.count == 200 && log.entries[0].event.text == "999")
    }
}
