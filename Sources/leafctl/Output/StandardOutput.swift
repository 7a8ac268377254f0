internal import Glibc

/// Standard output, written in large pieces, and never without noticing that it failed: an ID that is not printed is lost.
final class StandardOutput {
    private var buffer: [UInt8] = []

    func line(_ text: String) {
        buffer.append(contentsOf: text.utf8)
        buffer.append(10)
    }

    func text(_ text: String) {
        buffer.append(contentsOf: text.utf8)
    }

    func line(_ id: Int64) {
        line(String(id))
    }

    /// Writes what has been gathered.
    func flush() throws {
        var rest = buffer[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                throw CommandError(
                    status: ExitStatus.outputFailed,
                    message: "standard output cannot be written: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(written)
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
