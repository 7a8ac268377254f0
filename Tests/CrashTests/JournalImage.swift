import Foundation
import LeafTestKit

/// The bytes of a journal's data file, to be damaged.
struct JournalImage: Sendable {
    private(set) var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else { throw TestProblem("\(path) cannot be read") }
        bytes = Array(data)
    }

    /// One thing that happened to it.
    enum Damage: Hashable, Sendable, CustomStringConvertible {
        /// Bit 0 of byte 0 is bit 0.
        case bit(Int)
        /// To so many bytes.
        case truncation(Int)

        var description: String {
            switch self {
            case .bit(let bit): "bit \(bit % 8) of byte \(bit / 8) flipped"
            case .truncation(let length): "cut to \(length) bytes"
            }
        }
    }

    /// LMDB's, on this platform.
    static let pageBytes = 4096

    func damaged(by damage: Damage) -> JournalImage {
        var image = self
        switch damage {
        case .bit(let bit): image.bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        case .truncation(let length): image.bytes.removeLast(bytes.count - min(length, bytes.count))
        }
        return image
    }

    /// The first so many bytes.
    func prefix(_ length: Int) -> JournalImage { damaged(by: .truncation(length)) }

    /// Bits to try when there is no time for all: those of the two meta pages' headers, and some of what LMDB keeps behind
    /// them and of all other pages.
    ///
    /// - Parameter count: how many of each of the latter two.
    static func someBits(used: Int, count: Int) -> [Int] {
        // MDB_page's header has 16 bytes, MDB_meta behind it 136.
        let headers = [0, pageBytes].flatMap { page in page * 8..<(page + 16) * 8 }
        let metas = [0, pageBytes].flatMap { page in (page + 16) * 8..<(page + 152) * 8 }
        let others = (0..<count).map { _ in Int.random(in: 2 * pageBytes * 8..<used * 8) }
        return headers + metas.shuffled().prefix(count) + others
    }

    /// Writes it into a file that is there already, which stays the same file.
    func write(over path: String) throws {
        let fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw TestProblem("\(path): \(String(cString: strerror(errno)))") }
        defer { close(fd) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { pwrite(fd, $0.baseAddress, $0.count, off_t(offset)) }
            guard count > 0 else { throw TestProblem("\(path): \(String(cString: strerror(errno)))") }
            offset += count
        }
    }
}
