private import Foundation

/// Tries again, for ten seconds at most, while an error passes.
///
/// A lock of a file that has just been closed is held a moment longer when another test of this process starts a program:
/// the child has the descriptor between its fork and its exec.
package func patiently<R>(while isPassing: (any Error) -> Bool, _ body: () throws -> R) throws -> R {
    let deadline = Date(timeIntervalSinceNow: 10)
    while true {
        do {
            return try body()
        } catch  where isPassing(error) && Date() < deadline {
            usleep(2000)
        }
    }
}
