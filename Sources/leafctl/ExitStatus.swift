internal import ArgumentParser
internal import Glibc
internal import LeafClient
internal import LeafProtocol

/// What `leafctl` exits with, for scripts and probes. Wrong usage is ArgumentParser's 64.
enum ExitStatus {
    /// leafd answered with an error.
    static let rejected: Int32 = 1
    /// `health`: stock lasts, but the store does not answer.
    static let degraded: Int32 = 1
    /// `health`: some requests get errors.
    static let unhealthy: Int32 = 2
    /// No connection, no answer in time, or no answer that leafd would give.
    static let noConnection: Int32 = 3
    /// `forget`: nobody said yes.
    static let refused: Int32 = 1
    /// `journal verify`, `stats --journal`: the journal is damaged.
    static let damaged: Int32 = 1
    /// `journal verify`, `stats --journal`: there is none, or it cannot be read.
    static let unreadable: Int32 = 2
    /// `journal verify`, `stats --journal`: a running leafd holds it.
    static let locked: Int32 = 3
    /// Standard output cannot be written (EX_IOERR).
    static let outputFailed: Int32 = 74
    /// There is no leafd to run, as a shell says it.
    static let notFound: Int32 = 127
}

/// A failure of leafctl itself.
struct CommandError: Error {
    let status: Int32
    let message: String
}

extension Leafctl {
    /// Says what is wrong on standard error, and exits accordingly. A request for help is none: standard output, 0.
    static func exitReporting(_ error: any Error) -> Never {
        switch error {
        case let error as LeafClientError:
            fail(error.isAnswer ? ExitStatus.rejected : ExitStatus.noConnection, error.message)
        case let error as StatsError:
            fail(ExitStatus.noConnection, error.description)
        case let error as DeadlyJournal:
            fail(ExitStatus.damaged, "the journal is damaged: \(error.reason)")
        case let error as CommandError:
            fail(error.status, error.message)
        default:
            let status = exitCode(for: error)
            let text = fullMessage(for: error)
            if status.isSuccess {
                if !text.isEmpty { print(text) }
            } else if !text.isEmpty {
                say(text.hasPrefix("Error: ") ? String(text.dropFirst("Error: ".count)) : text)
            }
            Glibc.exit(status.rawValue)
        }
    }

    private static func fail(_ status: Int32, _ message: String) -> Never {
        say(message)
        Glibc.exit(status)
    }

    private static func say(_ message: String) {
        StandardError.line("leafctl: \(message)")
    }
}
