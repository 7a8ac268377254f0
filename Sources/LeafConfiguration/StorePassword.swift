internal import Foundation

/// Where the password of the central store comes from.
package enum StorePassword: Hashable, Sendable {
    /// The server asks for none, or this daemon has none to give.
    case none
    /// From the URL or the environment.
    case given(Secret)
    /// Read anew for every connection, so that it can be rotated.
    case file(path: String)

    /// May hold the password itself.
    package static let variable = "LEAFD_STORE_PASSWORD"
    /// The name of the systemd credential: `LoadCredential=store-password:/etc/leafd/store-password`.
    package static let credential = "store-password"
    /// The most bytes of a password.
    static let longest = 4096

    /// The first there is: in the URL, `store.password-file`, the credential, the variable.
    ///
    /// - Parameters:
    ///   - environment: of the process.
    ///   - secret: what `variable` was set to.
    package static func find(
        for store: Configuration.Store, environment: [String: String], secret: Secret? = nil
    ) -> StorePassword {
        if let password = store.url.server?.password { return .given(password) }
        if let path = store.passwordFile { return .file(path: path) }
        if let folder = environment["CREDENTIALS_DIRECTORY"] {
            let path = "\(folder)/\(credential)"
            var status = stat()
            if stat(path, &status) == 0 || errno != ENOENT { return .file(path: path) }
        }
        return secret.map { .given($0) } ?? .none
    }

    /// Reads it, for one connection; nil where there is none.
    package func read() throws(StorePasswordError) -> Secret? {
        switch self {
        case .none: return nil
        case .given(let secret): return secret
        case .file(let path): return Secret(try StorePassword.contents(of: path))
        }
    }

    /// What operators should know of the file, before anything fails for it. One line each.
    package var warnings: [String] {
        guard case .file(let path) = self else { return [] }
        do throws(StorePasswordError) {
            _ = try read()
        } catch {
            return ["\(error)"]
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o004 != 0 else { return [] }
        return [
            "the password file \(path) can be read by everybody on this host — chmod 600 it, and change the password"
        ]
    }

    private static func contents(of path: String) throws(StorePasswordError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw StorePasswordError(path, errno) }
        defer { _ = close(descriptor) }
        // One byte more than there may be, and a newline of two.
        var bytes = [UInt8](repeating: 0, count: longest + 3)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes {
                Foundation.read(descriptor, $0.baseAddress! + count, $0.count - count)
            }
            if more == 0 { break }
            if more > 0 { count += more } else if errno != EINTR { throw StorePasswordError(path, errno) }
        }
        bytes.removeSubrange(count...)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.count == count - 1, bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard bytes.count <= longest else {
            throw StorePasswordError(path, "is longer than \(longest) bytes", "is this the right file?")
        }
        guard !bytes.isEmpty else { throw StorePasswordError(path, "is empty", "write the password into it") }
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw StorePasswordError(path, "is no text", "write the password into it as UTF-8, and nothing else")
        }
        return text
    }
}

/// Why a password cannot be had: names the file, and what to do; never what is in it.
package struct StorePasswordError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ path: String, _ reason: String, _ remedy: String) {
        description = "the password file \(path) \(reason) — \(remedy)"
    }

    init(_ path: String, _ code: Int32) {
        let remedy =
            switch code {
            case ENOENT: "create it, or correct store.password-file"
            case EACCES: "let the user that leafd runs as read it (chown, mode 0600)"
            default: "name a file that can be read in store.password-file"
            }
        self.init(path, "cannot be read: \(String(cString: strerror(code)))", remedy)
    }
}
