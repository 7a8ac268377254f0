import LeafCore
import Testing

/// What a daemon's row in the store says.
@Suite struct AgentTraceTests {
    private let trace = AgentTrace(agentID: "a", beat: 5, nonce: "n5", unanswered: ["n6", "n6b"], liftSeen: 2)

    private func row(_ beat: Int64, _ nonce: String, contested: Bool = false) -> AgentRow {
        AgentRow(beat: beat, nonce: nonce, isContested: contested)
    }

    @Test func `the row as it was left, or with an own beat whose answer was lost, is mine`() {
        for row in [row(5, "n5"), row(6, "n6"), row(6, "n6b")] {
            #expect(trace.standing(of: row) == .mine)
        }
    }

    @Test func `a beat that was not sent from here is a twin's`() {
        for row in [row(6, "x"), row(5, "x"), row(7, "n6"), row(5, "n6"), row(5, "n5", contested: true)] {
            #expect(trace.standing(of: row) == .twin, "\(row)")
        }
    }

    @Test func `a row that is gone or older than acknowledged has been lost`() {
        #expect(trace.standing(of: nil) == .wentBackward)
        #expect(trace.standing(of: row(4, "n4")) == .wentBackward)
    }

    @Test func `before the first beat there is no row`() {
        #expect(AgentTrace(agentID: "a").standing(of: nil) == .unregistered)
        #expect(AgentTrace(agentID: "a", unanswered: ["n1"]).standing(of: row(1, "n1")) == .mine)
        #expect(AgentTrace(agentID: "a").standing(of: row(1, "x")) == .twin)
    }

    @Test func `an acknowledged beat ends what was unanswered`() {
        let box = Box(trace)
        box.value.acknowledged(row(6, "n6b"), lift: 3)
        #expect(box.value == AgentTrace(agentID: "a", beat: 6, nonce: "n6b", liftSeen: 3))
    }

    @Test func `only so many nonces are remembered; after that the last is sent again`() {
        let box = Box(AgentTrace(agentID: "a"))
        let sent = (1...40).map { box.value.send("n\($0)") }
        #expect(sent.prefix(16) == (1...16).map { "n\($0)" }[...])
        #expect(sent.dropFirst(16).allSatisfy { $0 == "n16" })
        #expect(box.value.unanswered.count == AgentTrace.unansweredMax)
    }
}

/// Lets a test change a value inside an expectation.
final class Box<Value> {
    var value: Value
    init(_ value: Value) { self.value = value }
}
