/// What one tag of a host costs the store: played on a host with some tags whose rates differ, and divided by them.
package struct TagCost: Hashable, Sendable {
    /// In the first hour after a start without any stock.
    package let leasesInFirstHour: Double
    /// Later, when the steps have settled.
    package let leasesPerHour: Double
    /// IDs of a lease, later.
    package let idsPerLease: Double
    /// Leases that share a transaction, later.
    package let leasesPerBatch: Double
    /// IDs in stock at the end.
    package let stock: Double
    /// IDs asked for in an hour.
    package let idsPerHour: Double
    /// How long the first of the tags had stock when the store went away, in seconds; nil: longer than was played.
    package let outlives: Double?

    /// How long a segment lasts, in seconds.
    package var life: Double { leasesPerHour > 0 ? 3600 / leasesPerHour : .infinity }

    /// - Parameters:
    ///   - settling: hours until the steps have settled.
    ///   - counted: hours that are counted then.
    ///   - outageMax: hours for which the store is then away, at most; 0: not.
    package init(_ plan: HostPlan, settling: Int, counted: Int, outageMax: Int) {
        precondition(settling >= 1 && counted >= 1)
        var plan = plan
        let (from, end) = (settling * 3600, (settling + counted) * 3600)
        if outageMax > 0 { plan.outage = Double(end)..<Double.infinity }
        let host = FleetHost(plan)
        host.play(until: Double(from))
        let before = host.issued
        host.play(until: Double(end))
        let tags = Double(plan.tags)
        let leases = Double(host.tally.leases.sum(from..<end))
        leasesInFirstHour = Double(host.tally.leases.sum(0..<3600)) / tags
        leasesPerHour = leases / tags / Double(counted)
        idsPerLease = leases > 0 ? Double(host.tally.leased.sum(from..<end)) / leases : 0
        let batches = Double(host.tally.batches.sum(from..<end))
        leasesPerBatch = batches > 0 ? leases / batches : 1
        stock = Double(host.stock) / tags
        idsPerHour = Double(host.issued - before) / tags / Double(counted)
        for quarter in 0..<4 * outageMax where host.tally.firstRefusalAt ?? -1 < Double(end) {
            host.play(until: Double(end) + Double(quarter + 1) * 900)
        }
        outlives = host.tally.firstRefusalAt.flatMap { $0 >= Double(end) ? $0 - Double(end) : nil }
    }
}
