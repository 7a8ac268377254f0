import LeafProtocol

/// What a connection's bytes mean: the requests up to the end or the violation.
struct Decoded: Equatable, CustomStringConvertible {
    var requests: [[[UInt8]]] = []
    var violation: String?

    var words: [[String]] { requests.map { $0.map { String(decoding: $0, as: UTF8.self) } } }
    var description: String { "\(words), violation: \(violation ?? "none")" }
}

/// Decodes as a connection does: bytes come in pieces, what is incomplete stays for the next. Each look is at memory of
/// exactly the size of the bytes, so that reading past them traps.
func decode(_ pieces: [[UInt8]], maxLineBytes: Int = 64) -> Decoded {
    var decoder = RequestDecoder(maxLineBytes: maxLineBytes)
    var arguments = Arguments()
    var decoded = Decoded()
    var input: [UInt8] = []
    for piece in pieces {
        input += piece
        var offset = 0
        input.withUnsafeBytes { bytes in
            while decoded.violation == nil {
                switch decoder.decode(bytes, at: &offset, into: &arguments) {
                case .incomplete: return
                case .violation(let text): decoded.violation = text
                case .request:
                    decoded.requests.append((0..<arguments.count).map { Array(arguments.bytes($0, of: bytes)) })
                }
            }
        }
        if decoded.violation != nil { break }
        input.removeFirst(offset)
    }
    return decoded
}

func decode(_ text: String, maxLineBytes: Int = 64) -> Decoded {
    decode([Array(text.utf8)], maxLineBytes: maxLineBytes)
}

/// Random numbers that are the same in every run (splitmix64).
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
