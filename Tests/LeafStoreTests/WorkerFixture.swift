import LeafCore
import LeafStore
import LeafStoreSQLite
import Testing

/// What the tests of worker ids ask for, with the rows as they want them.
extension WorkerClaim {
    static let format = "epoch 0, a format"

    static func leased(
        _ holder: String = "me", workers: Int = 4, format: String = format, ahead: Int64 = 60_000,
        agent: AgentMark? = nil
    ) -> WorkerClaim {
        WorkerClaim(
            choice: .leased, workers: workers, format: format, holder: holder, host: "host-a", ahead: ahead,
            succeeding: nil, agent: agent)
    }

    static func configured(
        _ worker: Int, machine: String = "m1", holder: String = "me", succeeding: WorkerHold? = nil,
        ahead: Int64 = 60_000, agent: AgentMark? = nil
    ) -> WorkerClaim {
        WorkerClaim(
            choice: .configured(worker, machine: machine), workers: 4, format: format, holder: holder, host: "host-a",
            ahead: ahead, succeeding: succeeding, agent: agent)
    }
}

extension WorkerRenewal {
    static func of(
        _ worker: Int, holder: String = "me", generation: Int64 = 1, lastTime: Int64 = 0, machine: String = "",
        format: String = WorkerClaim.format, ahead: Int64 = 60_000, agent: AgentMark? = nil
    ) -> WorkerRenewal {
        WorkerRenewal(
            hold: WorkerHold(worker: worker, holder: holder, generation: generation), lastTime: lastTime,
            machine: machine, host: "host-b", format: format, ahead: ahead, agent: agent)
    }
}

extension WorkerClaimResult {
    /// `0/1 above -1` (worker, generation, above), or what came instead of it.
    var summary: String {
        switch self {
        case .claimed(let worker, let generation, let above, _, _): "\(worker)/\(generation) above \(above)"
        case .held: "held"
        case .taken(let rows, _): "taken \(rows.map { "\($0.worker) \($0.holder)" }.joined(separator: ", "))"
        case .otherFormat(let format): "format \(format)"
        case .unsupported(let text): "unsupported: \(text)"
        case .wentBackward(let text): "went backward: \(text)"
        }
    }

    var lastTime: Int64? { if case .claimed(_, _, _, let lastTime, _) = self { lastTime } else { nil } }
}

extension WorkerRenewalResult {
    var summary: String {
        switch self {
        case .renewed: "renewed"
        case .lost(let row): "lost to \(row.holder)/\(row.generation)"
        case .otherFormat(let format): "format \(format)"
        case .unsupported(let text): "unsupported: \(text)"
        case .wentBackward(let text): "went backward: \(text)"
        }
    }

    var lastTime: Int64? { if case .renewed(let lastTime, _) = self { lastTime } else { nil } }
}
