import Foundation
import LeafCore
import LeafStore
import LeafStoreSQL
import Testing

extension SQLSession {
    /// Leases one segment.
    func lease(
        _ tag: String, _ count: Int64 = 100, floor: Int64 = 0, gap: Int64 = 0, agent: AgentMark? = nil
    ) throws -> LeaseResult {
        let request = LeaseRequest(tag: try Tag(tag), count: count, floor: floor, jump: floor + gap, agent: agent)
        return try #require(try lease([request]).first)
    }

    @discardableResult
    func create(
        _ tag: String, step: Int64 = 100, start: Int64? = nil, limit: Int64? = nil, description: String? = nil,
        ifAbsent: Bool = false, gap: Int64 = 0, agent: AgentMark? = nil
    ) throws -> Bool {
        let new = NewTag(tag: try Tag(tag), step: step, start: start, limit: limit, description: description)
        return try create(new, ifAbsent: ifAbsent, gap: gap, agent: agent)
    }

    /// Sends a beat over the row as it must be.
    func beat(_ agentID: String, over seen: AgentRow?, _ beat: Int64, nonce: String) throws -> BeatReply {
        try self.beat(AgentBeat(agentID: agentID, host: "h", seen: seen, beat: beat, nonce: nonce))
    }
}

extension LeaseResult {
    /// The range as `start..<end`, or what came instead of it.
    var summary: String {
        switch self {
        case .leased(let lease): "\(lease.segment.start)..<\(lease.segment.end)"
        case .noSuchTag: "noSuchTag"
        case .overflow(let maxID): "overflow at \(maxID)"
        case .abandoned: "abandoned"
        }
    }

    var lease: Lease? { if case .leased(let lease) = self { lease } else { nil } }
}

/// Runs `body` and hands back the error that it must throw.
@discardableResult
func storeError(
    _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> StoreError {
    let error = try #require(throws: StoreError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
    return error
}
