internal import Glibc

/// A file that others read at any moment: it is either the old one or the new one, whole.
enum MetricsFile {
    /// Writes a file beside, with a name that no collector reads, and puts it in its place by one rename. Everybody may read it.
    ///
    /// - Throws: `CommandError` if that fails; the old file, if any, is then still there.
    static func replace(_ path: String, with text: String) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let name = parts.last ?? ""
        guard !name.isEmpty else {
            throw CommandError(status: ExitStatus.outputFailed, message: "\"\(path)\" is not the name of a file")
        }
        let folder = parts.dropLast().map { $0 + "/" }.joined()
        // mkstemp makes a new file under a name of its own: in a folder of somebody else's, nobody can put a link there.
        var template = Array("\(folder).\(name).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure(path, "no file can be made beside it") }
        do {
            try fill(descriptor, with: Array(text.utf8), path)
            guard rename(template, path) == 0 else { throw failure(path, "it cannot be put in its place") }
        } catch {
            unlink(template)
            throw error
        }
    }

    private static func fill(_ descriptor: Int32, with bytes: [UInt8], _ path: String) throws {
        var rest = bytes[...]
        var problem: CommandError?
        while !rest.isEmpty && problem == nil {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR {
                problem = failure(path, "it cannot be written")
            }
        }
        if problem == nil && fchmod(descriptor, 0o644) != 0 { problem = failure(path, "its mode cannot be set") }
        if close(descriptor) != 0 && problem == nil { problem = failure(path, "it cannot be written") }
        if let problem { throw problem }
    }

    private static func failure(_ path: String, _ what: String) -> CommandError {
        CommandError(status: ExitStatus.outputFailed, message: "\(path): \(what): \(String(cString: strerror(errno)))")
    }
}
