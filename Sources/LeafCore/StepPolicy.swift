/// How many IDs the next lease asks for: Leaf's dynamic step.
///
/// A segment that lasted less than `shortLife` was too small, one that lasted `longLife` or more too large.
/// Source: Meituan Leaf, SegmentIDGenImpl.updateSegmentFromDb (15 and 30 minutes, factor 2, at most 1,000,000).
package struct StepPolicy: Hashable, Sendable {
    /// The least step ever leased, in IDs.
    package let minStep: Int64
    /// The largest step, in IDs.
    package let maxStep: Int64
    /// The factor up and down, above 1.
    package let adjustRatio: Double
    package let shortLife: Duration
    package let longLife: Duration

    package init(minStep: Int64, maxStep: Int64, adjustRatio: Double, shortLife: Duration, longLife: Duration) {
        precondition(minStep >= 1 && minStep <= maxStep && adjustRatio > 1 && shortLife <= longLife)
        self.minStep = minStep
        self.maxStep = maxStep
        self.adjustRatio = adjustRatio
        self.shortLife = shortLife
        self.longLife = longLife
    }

    /// The step of a tag's first two leases: the table's, within the bounds.
    package func initial(tableStep: Int64) -> Int64 {
        clamp(tableStep, tableStep: tableStep)
    }

    /// The step after `step`, given how long the last segment lived.
    ///
    /// - Parameter tableStep: the step in the central table: the dynamic step never falls below it (nor rises above
    ///   `maxStep` because of it).
    package func next(after step: Int64, life: Duration, tableStep: Int64) -> Int64 {
        let current = Double(step)
        let wanted =
            if life < shortLife {
                current * adjustRatio
            } else if life < longLife {
                current
            } else {
                current / adjustRatio
            }
        return clamp(Int64(min(wanted, Double(maxStep)).rounded()), tableStep: tableStep)
    }

    private func clamp(_ step: Int64, tableStep: Int64) -> Int64 {
        min(max(step, tableStep, minStep), maxStep)
    }
}
