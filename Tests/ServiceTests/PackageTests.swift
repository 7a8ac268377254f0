import Foundation
import LeafTestKit
import Testing

extension Service {
    /// The package itself, without installing it.
    @Suite("As a package")
    struct PackageTests {
        private let package: DebianPackage

        init() throws {
            package = try DebianPackage.older.get()
        }

        /// The text of one of its files.
        private func text(_ path: String) throws -> String {
            let shell = "dpkg-deb --fsys-tarfile \"$0\" | tar -xO \"./usr/share/$1\""
            let packed = try Tool.run(
                "sh", ["-c", path.hasSuffix(".gz") ? shell + " | zcat" : shell, package.path, path])
            #expect(packed.isSuccess, "\(path): \(packed.errors)")
            return packed.output
        }

        @Test func `lintian finds nothing wrong with it`() throws {
            let changes = package.path.replacing(".deb", with: ".changes")
            let result = try Tool.run(
                "lintian", ["--allow-root", "--fail-on", "error,warning", changes],
                environment: ["LC_ALL": "C.UTF-8"],
                atMost: .seconds(120))
            #expect(result.isSuccess)
            #expect(result.output == "")
            figure("lintian: \(result.output.isEmpty ? "nothing" : result.output)")
        }

        @Test func `it depends on the libraries that it links, and on no other database`() throws {
            let result = try Tool.run("dpkg-deb", ["-f", package.path, "Depends"])
            for library in ["libc6", "liblmdb0", "libmariadb3", "libpq5", "libsqlite3-0", "procps"] {
                #expect(result.output.contains(library), "\(library)")
            }
        }

        @Test(
            "its manual pages have no mistakes",
            arguments: ["man8/leafd.8.gz", "man1/leafctl.1.gz", "man5/leafd.yaml.5.gz"])
        func manual(page: String) throws {
            let result = try Tool.run(
                "man", ["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-P", "cat", "-"],
                input: try text("man/" + page),
                environment: [
                    "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80", "MAN_KEEP_FORMATTING": "",
                ])
            #expect(result.isSuccess)
            #expect(result.errors == "")
            #expect(result.lines.count > 40)
        }

        @Test func `every key of the configuration is in its manual page`() throws {
            let page = try text("man/man5/leafd.yaml.5.gz")
            let lines = Tool.text(checkout + "/Config/leafd.yaml").split(separator: "\n")
            let keys = lines.filter { !$0.contains("#") && $0.contains(": ") }
            #expect(keys.count > 40)
            let missing = keys.filter { key in
                let escaped = key.trimmingPrefix { $0 == " " }.replacing("-", with: "\\-").replacing(
                    "\"", with: "\\(dq")
                return !page.contains("\\fB\(escaped)\\fR")
            }
            #expect(missing == [])
        }

        @Test func `every command of leafctl is in its manual page and completions`() throws {
            let page = try text("man/man1/leafctl.1.gz")
            let completions = try [
                "bash-completion/completions/leafctl", "zsh/vendor-completions/_leafctl",
                "fish/vendor_completions.d/leafctl.fish",
            ]
            .map(text)
            let help = try Tool.run(Facilities.programs + "/leafctl", ["--help"])
            let list = try #require(help.output.components(separatedBy: "SUBCOMMANDS:\n").last)
            let commands = list.components(separatedBy: "\n\n")[0].split(separator: "\n").compactMap {
                line in
                line.hasPrefix("   ") ? nil : line.split(separator: " ").first.map(String.init)
            }
            #expect(commands.count > 10)
            let missing = commands.filter { command in
                !page.contains(".SS \\fB" + command.replacing("-", with: "\\-"))
                    || !completions.allSatisfy { $0.contains(command) }
            }
            #expect(missing == [])
            #expect(try Tool.run("bash", ["-n"], input: completions[0]).isSuccess)
        }
    }
}
