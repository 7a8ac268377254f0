import LeafCore
import Testing

/// What a session must do before its first lease.
@Suite struct SettlementTests {
    private let place = StorePlace(url: "sqlite:///x", table: "leaf_alloc")
    private let mine = AgentRow(beat: 5, nonce: "n5", isContested: false)

    private func header(_ change: (inout JournalHeader) -> Void = { _ in }) -> JournalHeader {
        var header = JournalHeader(
            journalID: "j", agentID: "a", agentBeat: 5, storeID: "s", storePlace: place,
            host: HostIdentity(machineID: "m", bootID: "b", fileSystemID: 1, device: 2, inode: 3), isClean: false,
            epoch: 3, isUnconfirmed: false)
        change(&header)
        return header
    }

    private func facts(_ change: (inout StoreFacts) -> Void = { _ in }) -> StoreFacts {
        var facts = StoreFacts(
            storeID: "s", row: mine, hasAgents: true, hasState: true, server: "one", recordedServer: "one", lift: 2)
        change(&facts)
        return facts
    }

    private func step(
        _ facts: StoreFacts, _ header: JournalHeader? = nil, trace: AgentTrace? = nil, place: StorePlace? = nil
    ) -> Settlement.Step {
        Settlement(
            header: header ?? self.header(),
            trace: trace ?? AgentTrace(agentID: "a", beat: 5, nonce: "n5", unanswered: ["n6"], liftSeen: 2),
            storePlace: place ?? self.place
        ).step(facts)
    }

    @Test func `nothing has happened: leases may begin`() {
        #expect(step(facts()) == .ready)
    }

    @Test func `a new daemon writes down which store it is, and then sends its first beat`() {
        let new = header {
            $0.storeID = ""
            $0.storePlace = .none
        }
        let trace = AgentTrace(agentID: "a")
        #expect(step(facts { $0.row = nil }, new, trace: trace) == .adoptStore)
        #expect(step(facts { $0.row = nil }, trace: trace) == .beat)
    }

    @Test func `another store or table: all over, before anything else`() {
        #expect(step(facts { $0.storeID = "t" }) == .startOver(.otherStore))
        let other = StorePlace(url: place.url, table: "other")
        #expect(step(facts(), place: other) == .startOver(.otherStore))
        // The same store by another name is the same store.
        #expect(step(facts(), place: StorePlace(url: "sqlite:///y", table: "leaf_alloc")) == .adoptStore)
    }

    @Test func `a start without proof starts over`() {
        #expect(step(facts(), header { $0.isUnconfirmed = true }) == .startOver(.unproven))
    }

    @Test func `a start without proof still holds against the store what it had acknowledged`() {
        let unproven = header { $0.isUnconfirmed = true }
        let trace = AgentTrace(agentID: "a", beat: 4, liftSeen: 2)
        #expect(step(facts { $0.row = nil }, unproven, trace: trace) == .lift(.lostBeat))
        let after = facts {
            $0.row = nil
            $0.lift = 3
        }
        #expect(step(after, unproven, trace: trace) == .startOver(.unproven))
        #expect(step(facts(), unproven, trace: trace) == .startOver(.unproven), "a later beat than it knows of")
        #expect(step(facts { $0.row = nil }, unproven, trace: AgentTrace(agentID: "a")) == .startOver(.unproven))
    }

    @Test func `a twin is told first, then both start over`() {
        let stranger = AgentRow(beat: 6, nonce: "x", isContested: false)
        #expect(step(facts { $0.row = stranger }) == .contest)
        let contested = AgentRow(beat: 6, nonce: "x", isContested: true)
        #expect(step(facts { $0.row = contested }) == .startOver(.twin))
        #expect(step(facts { $0.row = AgentRow(beat: 5, nonce: "n5", isContested: true) }) == .startOver(.twin))
    }

    @Test func `another server than the one written down: lift`() {
        #expect(step(facts { $0.server = "two" }) == .lift(.otherServer))
        #expect(step(facts { $0.recordedServer = nil }) == .lift(.otherServer), "it was made with the store's id")
        #expect(step(facts { $0.server = nil }) == .ready)
        #expect(
            step(
                facts {
                    $0.server = "two"
                    $0.hasState = false
                }) == .ready)
    }

    @Test func `a lost beat: lift, unless somebody has since; then send it again`() {
        for row in [nil, AgentRow(beat: 4, nonce: "n4", isContested: false)] {
            #expect(step(facts { $0.row = row }) == .lift(.lostBeat))
            #expect(
                step(
                    facts {
                        $0.row = row
                        $0.lift = 3
                    }) == .beat)
        }
        let stuck = step(
            facts {
                $0.row = nil
                $0.hasState = false
            })
        if case .refuse = stuck {} else { Issue.record("\(stuck)") }
    }

    @Test func `a beat that arrived though its answer was lost counts`() {
        let row = AgentRow(beat: 6, nonce: "n6", isContested: false)
        #expect(step(facts { $0.row = row }) == .acceptBeat(row))
    }

    @Test func `without leafd_agent there is no row to ask for`() {
        #expect(
            step(
                facts {
                    $0.row = nil
                    $0.hasAgents = false
                }) == .ready)
    }

    @Test func `starting over changes every name and the epoch`() {
        let settlement = Settlement(header: header(), trace: AgentTrace(agentID: "a"), storePlace: place)
        let new = settlement.headerStartingOver(facts { $0.storeID = "t" }, agentID: "b", journalID: "k")
        #expect(new.epoch == 4 && new.agentID == "b" && new.journalID == "k" && new.storeID == "t")
        #expect(new.agentBeat == 0 && !new.isUnconfirmed)
    }
}
