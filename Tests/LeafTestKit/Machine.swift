/// The machine that tests share: whoever brings a load of its own, or looks at how fast things are, has it alone.
package actor Machine {
    package static let shared = Machine()

    private var isTaken = false
    private var queue: [CheckedContinuation<Void, Never>] = []

    /// Waits for one's turn. To be followed by `release`.
    package func claim() async {
        if isTaken {
            await withCheckedContinuation { queue.append($0) }
        }
        isTaken = true
    }

    /// Lets the next one go on.
    package func release() {
        if queue.isEmpty { isTaken = false } else { queue.removeFirst().resume() }
    }
}
