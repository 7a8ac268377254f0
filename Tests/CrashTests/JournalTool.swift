import Foundation
import LeafTestKit

/// What leafd says of a journal that no daemon has open, and changes nothing.
enum JournalTool {
    enum Verdict: Hashable, Sendable {
        case sound
        /// By its own word, or by dying of it.
        case damaged
        /// There is nothing to be read.
        case absent
        /// None of these.
        case strange(String)
    }

    /// `leafd --verify-journal`: what every start runs in a child process.
    static func verify(_ path: String) throws -> Verdict {
        let child = try ChildProcess(
            try Tool.product("leafd"), ["--verify-journal", path],
            environment: ChildProcess.environment(["SWIFT_BACKTRACE": "enable=no"]))
        switch try child.wait() {
        case .code(0): return .sound
        case .code(1), .signal(SIGBUS), .signal(SIGSEGV), .signal(SIGABRT), .signal(SIGFPE), .signal(SIGILL),
            .signal(SIGTRAP):
            return .damaged
        case .code(2): return .absent
        case let exit: return .strange("\(exit)")
        }
    }

    /// `leafd --dump-journal`; nil if it cannot be read.
    static func dump(_ path: String) throws -> JournalDump? {
        let result = try Tool.run(try Tool.product("leafd"), ["--dump-journal", path])
        guard result.isSuccess else { return nil }
        return try SnakeCase.decoder.decode(JournalDump.self, from: Data(result.output.utf8))
    }
}

/// What a journal says.
struct JournalDump: Decodable, Hashable, Sendable {
    struct Journal: Decodable, Hashable, Sendable {
        let bytes: Int
        /// The newest commit's number.
        let commits: UInt64
    }

    struct Tag: Decodable, Hashable, Sendable {
        let tag: String
        let stock: Int64
        /// Nothing at or above it has been issued; null where all stock was given up.
        let reservedTo: Int64?
    }

    let journal: Journal
    let tags: [Tag]

    /// Where a start that trusts this journal goes on.
    func hi(_ tag: String) -> Int64? { tags.first { $0.tag == tag }?.reservedTo }
}
