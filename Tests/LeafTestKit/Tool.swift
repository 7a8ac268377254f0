private import Foundation

/// Runs a program to its end.
package enum Tool {
    package struct Result: Sendable {
        package let exit: ChildProcess.Exit
        package let output: String
        package let errors: String

        package var isSuccess: Bool { exit == .code(0) }
        package var lines: [String] { output.split(separator: "\n").map(String.init) }
        /// The output as IDs, one a line.
        package var ids: [Int64] { lines.compactMap { Int64($0) } }
    }

    /// Runs a program.
    ///
    /// - Parameters:
    ///   - program: a path, or a name to be looked for.
    ///   - input: what it reads from its standard input.
    ///   - limit: a guard against hanging.
    package static func run(
        _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
        folder: String? = nil, atMost limit: Duration = .seconds(60)
    ) throws -> Result {
        guard let path = find(program) else { throw TestProblem("there is no \(program) here") }
        let files = TemporaryFolder()
        try input.write(toFile: files.file("in"), atomically: false, encoding: .utf8)
        let child = try ChildProcess(
            path, arguments, environment: ChildProcess.environment(environment), folder: folder,
            input: files.file("in"),
            output: files.file("out"), errors: files.file("err"))
        let exit = try child.wait(atMost: limit)
        return Result(exit: exit, output: text(files.file("out")), errors: text(files.file("err")))
    }

    /// The path of a program: one of the package's own, or one of the host's; nil if there is none.
    package static func find(_ name: String) -> String? {
        if name.contains("/") { return isProgram(name) ? name : nil }
        let folders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/lib/systemd"]
        return folders.map { "\($0)/\(name)" }.first(where: isProgram)
    }

    package static func isThere(_ name: String) -> Bool { find(name) != nil }

    /// A folder with other programs of this package to be tested, such as a release build's: TEST_PRODUCTS.
    package static var otherProducts: String? { ChildProcess.environment()["TEST_PRODUCTS"] }

    /// The path of a program of this package: beside the tests' own executable, or in a folder above it.
    package static func product(_ name: String) throws -> String {
        if let folder = otherProducts { return folder + "/" + name }
        guard let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw TestProblem("the tests' own executable cannot be found")
        }
        var folder = URL(fileURLWithPath: own)
        for _ in 0..<4 {
            folder.deleteLastPathComponent()
            let path = folder.appendingPathComponent(name).path
            if isProgram(path) { return path }
        }
        throw TestProblem("there is no \(name) beside \(own): build it first (swift build --build-tests)")
    }

    private static func isProgram(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
            && FileManager.default.isExecutableFile(atPath: path)
    }

    /// A file's text; empty if there is none.
    package static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
