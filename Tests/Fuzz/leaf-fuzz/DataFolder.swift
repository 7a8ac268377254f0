import Glibc

@testable import LeafJournal

/// A folder in memory with a journal's data file, of this process alone; `make fuzz` removes what a death leaves.
enum DataFolder {
    static let path: String = {
        let base = getenv("LEAF_FUZZ_FOLDER").map { String(cString: $0) } ?? "/dev/shm"
        var template = Array("\(base)/leaf-fuzz-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { fatalError("no folder can be made in \(base)") }
        let path = String(cString: made)
        atexit {
            unlink(DataFolder.file)
            rmdir(DataFolder.path)
        }
        return path
    }()
    static var file: String { path + "/data.mdb" }

    private static let descriptor: Int32 = {
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { fatalError("\(file) cannot be made") }
        return descriptor
    }()

    static var length: Int { Int(lseek(descriptor, 0, SEEK_END)) }

    static func write(_ bytes: [UInt8]) {
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            fatalError("\(file) cannot be written")
        }
    }

    /// The file without the zeros at its end, in whole pages.
    static func bytes() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        guard pread(descriptor, &bytes, bytes.count, 0) == bytes.count else { fatalError("\(file) cannot be read") }
        let used = bytes.lastIndex { $0 != 0 } ?? 0
        return Array(bytes.prefix((used / DamagedFile.pageSize + 1) * DamagedFile.pageSize))
    }

    /// What the reader of stopped journals finds; nil: it refuses.
    ///
    /// - Parameter isLocked: this process holds it, so that it is read under another name.
    static func contents(isLocked: Bool = false) -> JournalContents? {
        guard isLocked else { return try? JournalReader.read(path: file) }
        let copy = file + "-copy"
        let bytes = bytes()
        let other = open(copy, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer {
            close(other)
            unlink(copy)
        }
        guard Glibc.write(other, bytes, bytes.count) == bytes.count else { fatalError("\(copy) cannot be written") }
        return try? JournalReader.read(path: copy)
    }

    /// The sum of the checksums of all records but the header's; nil: LMDB refuses the file.
    static func recordsSum() -> UInt64? {
        var sum: UInt64 = 0
        do {
            let environment = try Environment(file: file, mapBytes: 1 << 20, access: .read, name: "fuzz")
            try environment.read(.tags) { sum &+= UInt64(RecordCodec.storedChecksum($1) ?? 0) }
        } catch {
            return nil
        }
        return sum
    }
}
