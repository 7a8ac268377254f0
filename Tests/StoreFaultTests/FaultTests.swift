import LeafTestKit
import Testing

extension StoreFaults {
    /// Meant to be red without: the floor in the lease statement (counter set back); the comparison of store_id (another store); the
    /// deadlines of connecting and asking (frozen, blackholed, silent: `exit`); the log's memory of what it has said
    /// (`failureLines`); the password file read anew (password changed).
    @Suite("With stock for as long as it lasts", .serialized)
    struct FaultTests {
        @Test(
            "clients notice nothing, HEALTH names it, and leasing goes on when it is over",
            arguments: StoreKind.available)
        func outlive(_ kind: StoreKind) throws {
            var shared: FaultBench?
            for fault in Fault.all where soakScale > 1 || !fault.isForLong {
                do {
                    let bench =
                        try fault.isApart
                        ? FaultBench(kind, settings: FaultBench.steps + fault.settings) : shared ?? FaultBench(kind)
                    if !fault.isApart { shared = bench }
                    let time = try elapsed { try bench.outlive(fault) }
                    figure("\(kind), \(fault.name): \(time.short) in all")
                } catch {
                    Issue.record(error, "\(kind), \(fault.name)")
                    shared = nil
                }
            }
        }
    }
}
