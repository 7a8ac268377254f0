internal import Glibc

/// A journal on disk, read by leafd on behalf of leafctl while no daemon uses it. Nothing is changed.
///
/// It is read in a process of its own, since a damaged LMDB file can kill who reads it.
struct JournalReading {
    /// A journal's folder, or one data file: a journal's own, or one that leafd set aside.
    let path: String

    /// What leafd says of it.
    struct Answer {
        /// 0, or `ExitStatus.damaged`, `.unreadable`, `.locked`.
        let status: Int32
        /// What was asked for; or why it is not to be had.
        let text: String
    }

    /// Runs leafd with a hidden option and the path. It answers on standard output, and its exit status says what that is.
    ///
    /// - Throws: `DeadlyJournal` if it is so damaged, `CommandError` if it came to no answer for another reason.
    func ask(_ option: String) throws -> Answer {
        let locks = try takeLocks()
        defer { for lock in locks { close(lock) } }
        let (ending, output) = try LeafdProgram.find().run([option, path])
        let text = output.last == "\n" ? String(output.dropLast()) : output
        switch ending {
        case .exit(let status) where JournalReading.answers.contains(status) && !text.isEmpty:
            return Answer(status: status, text: text)
        case .exit(let status):
            throw CommandError(
                status: ExitStatus.unreadable,
                message: "leafd could not tell (exit status \(status)): are leafctl and leafd of one version?")
        case .signal(let signal) where [SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT].contains(signal):
            // Somebody ended it: that says nothing of the journal.
            throw CommandError(
                status: ExitStatus.unreadable,
                message: "the process that read \(path) was ended by \(SignalName.of(signal))")
        case .signal(let signal):
            throw DeadlyJournal(signal: SignalName.of(signal))
        }
    }

    private static let answers = [0, ExitStatus.damaged, ExitStatus.unreadable, ExitStatus.locked]

    /// Size on disk of the data file; nil if that cannot be told.
    var bytes: Int64? { JournalReading.status(dataFile).map { Int64($0.st_size) } }

    var isFolder: Bool { JournalReading.status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }
    private var dataFile: String { isFolder ? path + "/data.mdb" : path }

    /// Keeps daemons from starting on the journal while it is read; they hold the same locks, exclusively.
    private func takeLocks() throws -> [Int32] {
        var found = stat()
        guard stat(path, &found) == 0 else { throw unreadable(path) }
        var locks: [Int32] = []
        for file in (isFolder ? [path + "/lock"] : []) + [dataFile] {
            let descriptor = open(file, O_RDONLY | O_CLOEXEC)
            if descriptor < 0 && errno == ENOENT { continue }
            guard descriptor >= 0 else { throw unreadable(file) }
            guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else {
                throw errno == EWOULDBLOCK ? inUse : unreadable(file)
            }
            locks.append(descriptor)
        }
        return locks
    }

    private var inUse: CommandError {
        CommandError(
            status: ExitStatus.locked,
            message: "a running leafd holds \(path): ask it with leafctl stats, or stop it first")
    }

    private func unreadable(_ file: String) -> CommandError {
        CommandError(
            status: ExitStatus.unreadable,
            message:
                "\(file) cannot be read: \(String(cString: strerror(errno))); give the folder of a journal, or a data "
                + "file, and be root or leafd's user")
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }
}

/// A journal that killed the process which read it.
struct DeadlyJournal: Error {
    let signal: String

    var reason: String { "reading it killed the process with \(signal)" }
}

enum SignalName {
    /// `SIGBUS`; `signal 42` for one that is not to be expected.
    static func of(_ signal: Int32) -> String {
        switch signal {
        case SIGBUS: "SIGBUS"
        case SIGSEGV: "SIGSEGV"
        case SIGABRT: "SIGABRT"
        case SIGILL: "SIGILL"
        case SIGTRAP: "SIGTRAP"
        case SIGFPE: "SIGFPE"
        case SIGKILL: "SIGKILL"
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        default: "signal \(signal)"
        }
    }
}
