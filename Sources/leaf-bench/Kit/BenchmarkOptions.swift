internal import ArgumentParser
private import Foundation

/// What all benchmarks share.
struct BenchmarkOptions: ParsableArguments {
    @Option(help: "The leafd to measure (default: the one beside leaf-bench).")
    var leafd: String?

    @Option(help: "The folder for the results, one JSON file a benchmark.")
    var results = ".build/bench"

    @Flag(help: "A short run, which shows that it works; its figures mean little.")
    var quick = false

    /// The path of leafd.
    var leafdPath: String {
        get throws { try Beside.program("leafd", option: "leafd", given: leafd) }
    }

    /// Of the machine and of leafd.
    func machine(versions more: [String: String] = [:]) throws -> Machine {
        let version = try Program.output(try leafdPath, ["--version"], in: WorkFolder())
        let leafd = version.trimmingCharacters(in: .whitespacesAndNewlines)
        return Machine(versions: more.merging(["leafd": leafd]) { $1 })
    }
}

/// Programs in the folder where leaf-bench itself is.
enum Beside {
    static func program(_ name: String, option: String, given path: String? = nil) throws -> String {
        let own = Bundle.main.executablePath ?? CommandLine.arguments[0]
        let beside = URL(fileURLWithPath: own).resolvingSymlinksInPath().deletingLastPathComponent().path + "/" + name
        let path = path ?? beside
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Problem("there is no program \(path): build it (make bench does), or give its path by --\(option)")
        }
        return path
    }
}
