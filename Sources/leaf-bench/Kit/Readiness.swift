private import Glibc

/// Waiting for a server that has just been started.
enum Readiness {
    /// Looks every millisecond.
    ///
    /// - Parameter log: the file with what the program said, which tells why it ended.
    static func wait(
        for program: Program, log: String, within limit: Duration = .seconds(60), until isReady: () -> Bool
    ) throws {
        let deadline = ContinuousClock.now + limit
        while !isReady() {
            if let exit = program.exit() {
                throw Problem("\(program.name) ended with \(exit) at its start:\n\(TextFile.text(log))")
            }
            guard ContinuousClock.now < deadline else {
                throw Problem("\(program.name) does not answer within \(limit):\n\(TextFile.text(log))")
            }
            usleep(1000)
        }
    }
}
