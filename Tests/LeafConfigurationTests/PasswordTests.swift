import Foundation
import LeafConfiguration
import LeafTestKit
import Testing

@Suite("The store's password")
struct PasswordTests {
    private let folder = TemporaryFolder()

    private func write(_ text: String, to name: String = "password", mode: Int = 0o600) throws -> String {
        let path = folder.file(name)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    private func find(
        _ url: String, _ more: [String] = [], environment: [String: String] = [:], secret: String? = nil
    ) throws -> StorePassword {
        let store = try load("", sets: ["store.url=\(url)"] + more).store
        return StorePassword.find(for: store, environment: environment, secret: secret.map { Secret($0) })
    }

    @Test("URL, file, credential, variable: the first there is holds")
    func order() throws {
        let file = "store.password-file=\(try write("from the file"))"
        let credential = ["CREDENTIALS_DIRECTORY": folder.path]
        _ = try write("from systemd", to: "store-password")
        let plain = "mysql://u@h/d"
        #expect(try find("mysql://u:inside@h/d", environment: credential, secret: "x").read()?.reveal() == "inside")
        #expect(try find(plain, [file], environment: credential, secret: "x").read()?.reveal() == "from the file")
        #expect(try find(plain, environment: credential, secret: "x").read()?.reveal() == "from systemd")
        #expect(
            try find(plain, environment: ["CREDENTIALS_DIRECTORY": "/nonexistent"], secret: "x").read()?.reveal() == "x"
        )
        #expect(try find(plain).read() == nil)
    }

    @Test(
        "One newline at the end of a file is cut, and nothing else",
        arguments: [("a", "a"), ("a\n", "a"), ("a\n\n", "a\n"), ("a\r\n", "a"), (" a b \n", " a b "), ("a\r", "a\r")])
    func newlines(text: String, password: String) throws {
        #expect(try StorePassword.file(path: write(text)).read()?.reveal() == password)
    }

    @Test("A file is read anew each time")
    func rotation() throws {
        let password = StorePassword.file(path: try write("old"))
        #expect(try password.read()?.reveal() == "old")
        _ = try write("new")
        #expect(try password.read()?.reveal() == "new")
    }

    @Test(
        "A file that is no password is refused with its name, a reason and a remedy, and without what is in it",
        arguments: [
            ("", "is empty — write the password into it"), ("\n", "is empty — write the password into it"),
            ("secret\0", "is no text — write the password into it as UTF-8, and nothing else"),
            (String(repeating: "secret", count: 1000), "is longer than 4096 bytes — is this the right file?"),
        ])
    func wrongFiles(text: String, reason: String) throws {
        let password = StorePassword.file(path: try write(text))
        let error = #expect(throws: StorePasswordError.self) { try password.read() }
        #expect(error?.description == "the password file \(folder.file("password")) \(reason)")
        #expect(password.warnings == [error?.description])
    }

    @Test("A file that is not there is named, with what to do")
    func missing() throws {
        let password = StorePassword.file(path: folder.file("nosuch"))
        #expect(
            password.warnings == [
                "the password file \(folder.file("nosuch")) cannot be read: No such file or directory"
                    + " — create it, or correct store.password-file"
            ])
    }

    @Test("A file that everybody can read gives a warning, one of mode 0640 none")
    func modes() throws {
        #expect(StorePassword.file(path: try write("x", mode: 0o640)).warnings == [])
        #expect(
            StorePassword.file(path: try write("x", mode: 0o644)).warnings == [
                "the password file \(folder.file("password")) can be read by everybody on this host"
                    + " — chmod 600 it, and change the password"
            ])
    }

    @Test("The variable of the password is no unknown key, and is shown nowhere")
    func variable() throws {
        let loaded = try Configuration.load(
            yaml: "", name: "leafd.yaml", environment: [StorePassword.variable: "secret"])
        #expect(loaded.warnings == [])
        #expect(!"\(loaded.configuration)".contains("secret"))
        let password = StorePassword.given(Secret("secret"))
        #expect(!"\(password)".contains("secret") && !String(reflecting: password).contains("secret"))
    }
}

@Suite("What does not go with a store")
struct TransportTests {
    @Test("A certificate cannot be checked over a Unix socket")
    func socket() {
        #expect(
            problems("store: {url: \"mysql://u@/d?socket=/s\", tls: verify-full}") == [
                "leafd.yaml:1:45: store.tls: verify-full: store.url names a Unix socket, over which there is no certificate to check"
                    + " — name the host in store.url, or write tls: preferred"
            ])
        #expect(problems("store: {url: \"mysql://u@/d?socket=/s\", tls: preferred}") == [])
    }

    @Test(
        "What has no effect gives a warning",
        arguments: [
            (
                "store: {url: \"mysql://u@/d?socket=/s\", tls: required}",
                "leafd.yaml:1:45: store.tls: required: has no effect over the Unix socket of store.url"
                    + " — name the host there, or write tls: preferred"
            ),
            (
                "store: {password-file: /p}",
                "leafd.yaml:1:24: store.password-file: /p: has no effect on SQLite — remove it, or correct store.url"
            ),
        ])
    func noEffect(yaml: String, warning: String) throws {
        #expect(try warnings(yaml) == [warning])
    }
}
