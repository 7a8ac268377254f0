internal import Glibc
internal import Synchronization

/// Raised once.
final class Flag: Sendable {
    private let state = Atomic(false)

    var isRaised: Bool { state.load(ordering: .acquiring) }
    func raise() { state.store(true, ordering: .releasing) }
}

/// A thread that takes IDs.
final class Taker: @unchecked Sendable {
    // @unchecked: `taken` and `problem` are written by the thread, and read after it was joined.
    /// Raised when it has taken half of what it must.
    let begun = Flag()
    private let takeOne: () throws -> Int64
    private var taken: [Int64] = []
    private var problem: (any Error)?
    private var thread = pthread_t()
    private var over = Flag()
    private var least = 0

    init(_ takeOne: @escaping () throws -> Int64) {
        self.takeOne = takeOne
    }

    func start(until over: Flag, atLeast least: Int) {
        self.over = over
        self.least = least
        let own = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Taker>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, own.toOpaque())
        if status != 0 { ForkProbe.fail("no thread: error \(status)") }
    }

    func join() throws -> [Int64] {
        pthread_join(thread, nil)
        if let problem { throw problem }
        return taken
    }

    private func run() {
        do {
            while taken.count < least || !over.isRaised {
                taken.append(try takeOne())
                if taken.count == max(least / 2, 1) { begun.raise() }
                // As fast as it can at first; then memory is to last until the last child has ended.
                if taken.count > 100_000 { usleep(100) }
            }
        } catch {
            problem = error
            begun.raise()
        }
    }
}
