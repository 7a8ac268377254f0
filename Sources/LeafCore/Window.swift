/// How far ahead of use the journal's mark `hi` is moved: about `StockRules.window` of issue at the current rate.
///
/// Small, because a crash loses what lies between the last ID issued and `hi`; large enough that the commit which moves
/// `hi` is long done when the IDs below it run out.
package struct Window: Hashable, Sendable {
    /// In IDs.
    package private(set) var size: Int64
    /// The IDs below `hi` were used up before the next commit came: the window was too small.
    private var hasRunOut = false
    private var issuedThen: Int64
    private var resizedAt: MonotonicTime

    package init(size: Int64, issued: Int64, now: MonotonicTime) {
        self.size = size
        issuedThen = issued
        resizedAt = now
    }

    package mutating func runOut() {
        hasRunOut = true
    }

    /// Fits the window to the rate since the last call, just before `hi` moves.
    ///
    /// It grows at most fourfold and shrinks at most by half a time, since bursts make the measured rate jump; when it has
    /// run out it at least doubles.
    package mutating func resize(issued: Int64, now: MonotonicTime, rules: StockRules) {
        let elapsed = now.since(resizedAt).inSeconds
        guard elapsed > 0 || hasRunOut else { return }
        let rate = elapsed > 0 ? Double(issued - issuedThen) / elapsed : 0
        let wanted = Int64(min(rate * rules.window.inSeconds, 1e15))
        let least = hasRunOut ? size * 2 : max(size / 2, 1)
        size = min(max(wanted, least, rules.minWindow), size * 4, Window.largest)
        size = max(size, rules.minWindow)
        hasRunOut = false
        issuedThen = issued
        resizedAt = now
    }

    /// The largest window, in IDs: far above any rate of issue, far below an overflow.
    private static let largest: Int64 = 1 << 40
}
