private import Foundation

/// A certificate authority, a server's certificate from it, and a foreign authority that has nothing to do with them.
package final class Certificates: Sendable {
    private let folder = TemporaryFolder()

    /// What a client trusts.
    package var authorityPath: String { folder.file("ca.pem") }
    /// What a client trusts that must not trust the server.
    package var foreignAuthorityPath: String { folder.file("foreign.pem") }

    /// - Parameter names: whom the server's certificate is for; addresses as `IP:127.0.0.1`.
    package init(names: [String] = ["DNS:localhost", "IP:127.0.0.1"]) throws {
        for name in ["ca", "foreign"] {
            try openssl(
                ["req", "-x509", "-days", "2", "-subj", "/CN=leafd test \(name)", "-out", folder.file(name + ".pem")]
                    + newKey(name))
        }
        try openssl(
            ["req", "-subj", "/CN=leafd test server", "-out", folder.file("server.csr")] + newKey("server"))
        try "subjectAltName=\(names.joined(separator: ","))\n".write(
            toFile: folder.file("names"), atomically: false, encoding: .utf8)
        try openssl([
            "x509", "-req", "-days", "2", "-in", folder.file("server.csr"), "-CA", authorityPath,
            "-CAkey", folder.file("ca.key"), "-CAcreateserial", "-extfile", folder.file("names"),
            "-out", folder.file("server.pem"),
        ])
    }

    private func newKey(_ name: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder.file(name + ".key")]
    }

    private func openssl(_ arguments: [String]) throws {
        let result = try Tool.run("openssl", arguments, folder: folder.path)
        guard result.isSuccess else { throw TestProblem("openssl \(arguments[0]): \(result.errors)") }
    }

    struct Installed {
        let authority: String
        let server: String
        let key: String
    }

    /// Copies what the server needs into its folder, readable by it alone.
    func install(for process: ServerProcess) throws -> Installed {
        for name in ["ca.pem", "server.pem", "server.key"] {
            let path = process.folder.file(name)
            try FileManager.default.copyItem(atPath: folder.file(name), toPath: path)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            try process.account.own(path)
        }
        return Installed(
            authority: process.folder.file("ca.pem"), server: process.folder.file("server.pem"),
            key: process.folder.file("server.key"))
    }
}
