import Foundation
import LeafCore
import LeafJournal
import LeafStore
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafEngine

/// Whose stock it is, when store, table, machine or journal are not what they were.
@Suite struct SettlingTests {
    private let folder = TemporaryFolder()

    private func newTag(_ name: String) throws -> NewTag {
        NewTag(tag: try Tag(name), step: 1000, start: nil, limit: nil, description: nil)
    }

    @Test func `stock of another table of the same database is neither issued nor kept`() throws {
        let one = FakeStore(url: "fake://db")
        let other = FakeStore(url: "fake://db")
        other.state.with { [id = one.state.with { $0.id }] in $0.id = id }
        try one.add("orders", maxID: 500_000)
        try other.add("orders")
        var running = try Running(folder, one)
        #expect(try running.first("orders") == 500_000)
        running.engine.stop()
        running = try Running(folder, other, table: "other_alloc")
        #expect(try running.first("orders") == 1)
        running.engine.stop()
    }

    @Test func `a tag born while all stock is given up keeps its stock over a clean stop`() throws {
        let store = FakeStore()
        try store.add("orders")
        var running = try Running(folder, store, autoCreate: true)
        _ = try running.first("orders")
        running.engine.stop()
        try folder.reboot()
        running = try Running(folder, store, autoCreate: true)
        // Clients ask for new tags while the daemon settles with the store: some in the moment between the two.
        var names: [String] = []
        while running.engine.identity.with({ $0.header.isUnconfirmed }) && names.count < 90_000 {
            names.append("tag-\(names.count)")
            _ = names[names.count - 1].withUTF8 { running.engine.find(UnsafeRawBufferPointer($0)) }
        }
        _ = try running.first("orders")
        let epoch = running.engine.identity.with { $0.header.epoch }
        for name in names {
            guard let entry = running.engine.entry(try Tag(name)) else { continue }
            let found = entry.handle { stock, _, _ in stock.epoch }
            #expect(found == epoch, "\(name)")
        }
        running.engine.stop()
    }

    @Test func `configured tags are created in a store that is new to the journal`() throws {
        var running = try Running(folder, FakeStore(url: "fake://old"), tags: [try newTag("orders")])
        _ = try running.first("orders")
        running.engine.stop()
        let new = FakeStore(url: "fake://new")
        running = try Running(folder, new, tags: [try newTag("orders")])
        try eventually("the tag is created") { !new.state.with { $0.counters.isEmpty } }
        running.engine.stop()
    }

    @Test func `a journal is held even when its lock's file is removed`() throws {
        let running = try Running(folder, FakeStore())
        #expect(unlink(folder.file("journal") + "/lock") == 0)
        #expect(throws: JournalError.self) {
            try Journal(path: folder.file("journal"), mapBytes: 64 << 20, verify: { Journal.verify(path: $0) })
        }
        running.engine.stop()
    }

    @Test func `a journal from another machine goes on under a new name, whenever the store answers`() throws {
        let store = FakeStore()
        try store.add("orders")
        var running = try Running(folder, store)
        _ = try running.first("orders")
        running.engine.stop()
        let theirs = try folder.header().agentID
        try folder.rewriteHeader { $0.host.machineID = "another machine" }
        store.set(down: true)
        running = try Running(folder, store)
        try eventually("it backs off from the store") { running.engine.isStoreBackingOff }
        #expect(try running.ask("orders") == .refused(.exhausted), "its stock is the other machine's")
        running.engine.stop()
        store.set(down: false)
        running = try Running(folder, store)
        _ = try running.first("orders")
        running.engine.stop()
        #expect(try folder.header().agentID != theirs)
    }

    @Test func `a tag dropped and created again elsewhere is served without waiting for the list's minute`() throws {
        let store = FakeStore()
        try store.add("orders", step: 100)
        let running = try Running(folder, store)
        _ = try running.first("orders")
        let tag = try Tag("orders")
        store.state.with { $0.counters[tag] = nil }
        try eventually("the tag is gone") { try running.ask("orders") == .refused(.noTag) }
        try store.add("orders", step: 100, maxID: 2_000_000)
        #expect(try running.first("orders") == 2_000_000)
        running.engine.stop()
    }
}
