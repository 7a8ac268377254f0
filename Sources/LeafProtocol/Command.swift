/// The commands of the protocol.
package enum Command: UInt8, CaseIterable, Hashable, Sendable {
    // IDs
    case next, lease, incr, incrby, snowflake, decode
    // What is going on
    case tags, stats, info, health
    // For administrators
    case create, alter, drop, bump, forget, fence, workers
    // Transactions
    case multi, exec, discard
    // What clients expect
    case ping, echo, quit, select, reset, auth, client, command, config, hello

    /// Finds a command by its name, in upper or lower case.
    package init?(_ name: UnsafeRawBufferPointer) {
        guard let word = PackedWord(name), let found = CommandTable.all.find(word) else { return nil }
        self = found
    }

    /// NEXT and INCR are what the daemon exists for: told apart from the rest by one comparison each.
    package static func isNext(_ name: UnsafeRawBufferPointer) -> Bool { isFourLetters(name, 0x7478_656E) }
    package static func isIncr(_ name: UnsafeRawBufferPointer) -> Bool { isFourLetters(name, 0x7263_6E69) }

    package static func isSnowflake(_ name: UnsafeRawBufferPointer) -> Bool {
        // "snowflak", and what is left.
        name.count == 9
            && UInt64(littleEndian: name.loadUnaligned(as: UInt64.self)) | 0x2020_2020_2020_2020
                == 0x6B61_6C66_776F_6E73
            && name[8] | 0x20 == UInt8(ascii: "e")
    }

    /// - Parameter word: the letters in lower case, the first in the lowest byte.
    private static func isFourLetters(_ name: UnsafeRawBufferPointer, _ word: UInt32) -> Bool {
        name.count == 4 && UInt32(littleEndian: name.loadUnaligned(as: UInt32.self)) | 0x2020_2020 == word
    }

    /// How many arguments it takes, its own name counted.
    package var arity: ClosedRange<Int> {
        switch self {
        case .next: 2...4
        case .lease, .incrby: 3...3
        case .incr, .drop, .decode, .forget, .echo, .select: 2...2
        case .snowflake: 1...5
        case .tags, .health, .fence, .multi, .exec, .discard, .reset: 1...1
        case .stats, .workers: 1...3
        case .info, .config, .client, .command: 1...RequestDecoder.argumentsMax
        case .create: 2...RequestDecoder.argumentsMax
        case .alter: 4...4
        case .bump: 2...3
        case .ping: 1...2
        case .quit: 1...RequestDecoder.argumentsMax
        case .auth: 2...3
        case .hello: 1...7
        }
    }

    package var isAdministrative: Bool {
        switch self {
        case .create, .alter, .drop, .bump, .forget, .fence, .workers: true
        default: false
        }
    }

    /// In upper case, as STATS shows it.
    package var name: String { lowercaseName.uppercased() }
    package var lowercaseName: String { String(describing: self) }

    /// Its place in `allCases`, for tables of counts.
    package var number: Int { Int(rawValue) }
}

/// All commands by their names: open addressing with linear probing, a quarter full. Its hash needs no secret, since nobody
/// else can put a word into it, and so a lookup costs the same in every process.
private struct CommandTable {
    static let all = CommandTable()

    /// A command's number + 1 for each taken slot, 0 for a free one.
    private var slots = [UInt8](repeating: 0, count: 128)
    private let words: [PackedWord]

    private init() {
        words = Command.allCases.map { command in
            Array(command.lowercaseName.utf8).withUnsafeBytes { PackedWord($0)! }
        }
        for (number, word) in words.enumerated() {
            var slot = word.hash
            while slots[slot] != 0 { slot = (slot + 1) & 127 }
            slots[slot] = UInt8(number + 1)
        }
    }

    func find(_ word: PackedWord) -> Command? {
        var slot = word.hash
        while slots[slot] != 0 {
            let number = slots[slot] - 1
            if words[Int(number)] == word { return Command(rawValue: number) }
            slot = (slot + 1) & 127
        }
        return nil
    }
}

/// A word of at most 16 bytes, folded to lower case, as two numbers.
private struct PackedWord: Equatable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty, bytes.count <= 16 else { return nil }
        for (index, byte) in bytes.enumerated() {
            let folded = UInt64(byte | 0x20) << UInt64(index % 8 * 8)
            if index < 8 { low |= folded } else { high |= folded }
        }
    }

    /// 0…127.
    var hash: Int { Int(truncatingIfNeeded: ((low ^ high &* 31) &* 0x9E37_79B9_7F4A_7C15) >> 57) }
}
