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

    /// All IDs below `hi` are used, and no commit has come. Before the first ID that says nothing: then none were there.
    package mutating func runOut(issued: Int64) {
        if issued > issuedThen { hasRunOut = true }
    }

    package mutating func shrink(to size: Int64) {
        self.size = min(self.size, size)
    }

    /// Fits the window to the rate since the last call, just before `hi` moves.
    ///
    /// A rate measured over less than a quarter of the window's time says little: then the window only doubles, and only
    /// if it has run out, which proves that it is less than a quarter of what is needed. Measured over longer, it grows at
    /// most fourfold and shrinks at most by half a time, since bursts make rates jump.
    package mutating func resize(issued: Int64, now: MonotonicTime, rules: StockRules) {
        let elapsed = now.since(resizedAt).inSeconds
        let needed = rules.window.inSeconds
        defer { hasRunOut = false }
        if elapsed < needed / 4 {
            if hasRunOut { size = min(size * 2, Window.largest) }
        } else {
            let wanted = Int64(min(Double(issued - issuedThen) / elapsed * needed, 1e15))
            size = min(max(wanted, size / 2), size * 4, Window.largest)
            issuedThen = issued
            resizedAt = now
        }
        size = max(size, rules.minWindow)
    }

    /// The largest window, in IDs: far above any rate of issue, far below an overflow.
    private static let largest: Int64 = 1 << 40
}
