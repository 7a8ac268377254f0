import Foundation
import LeafTestKit

/// A file of IDs, eight bytes each in this machine's order.
enum IDFile {
    static func read(_ path: String) throws -> [Int64] {
        guard let data = FileManager.default.contents(atPath: path), data.count.isMultiple(of: 8) else {
            throw TestProblem("\(path) is no file of IDs")
        }
        return data.withUnsafeBytes { bytes in
            (0..<data.count / 8).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self) }
        }
    }
}
