private import Foundation

/// Where a daemon under test keeps its things, and how it is configured.
package struct DaemonSetup: Sendable {
    /// Holds everything below. Several daemons may share it under different names.
    package let folder: TemporaryFolder
    /// Tells the daemons in one folder apart.
    package var name: String
    package var storePath: String
    /// As in `segments.tags`, in flow style: `{name: orders, step: 100}`.
    package var tags: [String]
    /// More sections for the configuration file, or none.
    package var yaml = ""
    /// `--set`s.
    package var settings: [String]
    package var environment: [String: String] = [:]

    /// A test that is not about time is not to fail because a disk hangs for a second.
    private static let patience = ["segments.wait-timeout=20s"]

    package init(
        in folder: TemporaryFolder = TemporaryFolder(), name: String = "leafd", tags: [String] = ["{name: orders}"],
        settings: [String] = []
    ) {
        self.folder = folder
        self.name = name
        self.tags = tags
        self.settings = DaemonSetup.patience + settings
        storePath = folder.file("central.sqlite")
    }

    package var socketPath: String { folder.file(name + ".sock") }
    package var journalPath: String { folder.file(name + ".journal") }
    package var configurationPath: String { folder.file(name + ".yaml") }
    package var logPath: String { folder.file(name + ".log") }
    package var outputPath: String { folder.file(name + ".out") }
    package var store: StoreFiles { StoreFiles(path: storePath) }

    package var configuration: String {
        """
        socket:
            path: \(socketPath)
        store:
            url: sqlite://\(storePath)
        segments:
            tags: [\(tags.joined(separator: ", "))]
        journal:
            path: \(journalPath)
            witness: \(folder.memory)
        \(yaml)
        """
    }

    /// Writes the configuration file.
    package func write() throws {
        try configuration.write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }
}

/// A SQLite store's file with those that belong to it.
package struct StoreFiles: Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    private var names: [String] { ["", "-wal", "-shm"].map { path + $0 } }

    /// Moves the files out of the way.
    package func moveAway() throws { try move(from: "", to: ".away") }

    /// Moves them back.
    package func moveBack() throws { try move(from: ".away", to: "") }

    private func move(from old: String, to new: String) throws {
        // The database itself last when it comes back: it must not be opened without its log.
        for name in old.isEmpty ? names : names.reversed() where FileManager.default.fileExists(atPath: name + old) {
            try FileManager.default.moveItem(atPath: name + old, toPath: name + new)
        }
    }

    /// Runs SQL in a process of its own.
    @discardableResult
    package func query(_ sql: String) throws -> [String] {
        let result = try Tool.run("sqlite3", ["-cmd", ".timeout 10000", path], input: sql + "\n")
        guard result.isSuccess, result.errors.isEmpty else { throw TestProblem("sqlite3: \(result.errors)") }
        return result.lines
    }

    /// The counter of a tag.
    package func counter(_ tag: String) throws -> Int64 {
        guard let text = try query("SELECT max_id FROM leaf_alloc WHERE biz_tag = '\(tag)';").first,
            let id = Int64(text)
        else { throw TestProblem("the store has no tag \(tag)") }
        return id
    }
}
