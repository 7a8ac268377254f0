/// An input of the fuzzer, taken from the front: first what says how, then the bytes themselves. Zeros come after its
/// end, so that every input means something.
struct FuzzInput {
    private(set) var rest: [UInt8]

    init(_ bytes: UnsafeRawBufferPointer) {
        rest = bytes.reversed()
    }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popLast() ?? 0 }

    mutating func number<N: FixedWidthInteger>(_: N.Type) -> N {
        (0..<MemoryLayout<N>.size).reduce(N(0)) { $0 | N(truncatingIfNeeded: byte()) << ($1 * 8) }
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

    /// All that is left.
    mutating func remainder() -> [UInt8] {
        defer { rest = [] }
        return rest.reversed()
    }
}

/// Random numbers that an input chooses (splitmix64).
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

extension [UInt8] {
    /// Cuts itself as a socket may.
    ///
    /// - Parameter seed: 0: into single bytes.
    func pieces(seed: UInt8) -> [[UInt8]] {
        guard seed > 0 else { return map { [$0] } }
        var random = SeededRandom(state: UInt64(seed))
        var pieces: [[UInt8]] = []
        var start = 0
        while start < count {
            let end = Swift.min(count, start + Int.random(in: 1...24, using: &random))
            pieces.append(Array(self[start..<end]))
            start = end
        }
        return pieces
    }
}
