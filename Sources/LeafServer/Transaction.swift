internal import LeafProtocol

/// MULTI … EXEC: requests kept back, then carried out one after the other. Client libraries wrap pipelines in it; there is
/// no rollback, and others' requests may come in between.
struct Transaction {
    /// The most bytes of requests kept back.
    static let bytesMax = 8 << 20
    /// Commands that are carried out within MULTI instead of queued.
    static let ending: Set<Command> = [.exec, .discard, .multi, .quit, .reset]

    private(set) var isOpen = false
    private var isSpoiled = false
    private var queued: [UInt8] = []
    private var count = 0
    private var replaying: ArraySlice<UInt8>?
    private var replayedBytes = 0

    /// Requests of an EXEC are being carried out: they come before any new input.
    var isReplaying: Bool { replaying != nil }

    /// Memory that the requests take.
    var heldBytes: Int { queued.capacity + (isReplaying ? replayedBytes : 0) }

    mutating func begin() -> Bool {
        guard !isOpen else { return false }
        isOpen = true
        return true
    }

    /// A request was refused while queueing: EXEC will refuse all.
    mutating func spoil() {
        if isOpen { isSpoiled = true }
    }

    /// Keeps a request back. False: too many, or too long together.
    mutating func append(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer, most: Int) -> Bool {
        guard count < most, queued.count < Transaction.bytesMax else { return false }
        count += 1
        queued.append(contentsOf: Array("*\(arguments.count)\r\n".utf8))
        for index in 0..<arguments.count {
            let argument = arguments.bytes(index, of: bytes)
            queued.append(contentsOf: Array("$\(argument.count)\r\n".utf8))
            queued.append(contentsOf: argument)
            queued.append(contentsOf: [UInt8(ascii: "\r"), UInt8(ascii: "\n")])
        }
        return true
    }

    enum Execution {
        case notOpen
        case spoiled
        /// So many replies follow.
        case replay(Int)
    }

    mutating func execute() -> Execution {
        guard isOpen else { return .notOpen }
        defer { clear() }
        guard !isSpoiled else { return .spoiled }
        if count > 0 { (replaying, replayedBytes) = (queued[...], queued.capacity) }
        return .replay(count)
    }

    mutating func discard() -> Bool {
        guard isOpen else { return false }
        clear()
        return true
    }

    /// Gives the requests of the EXEC out that are left; what of them must wait comes back through `postpone`.
    mutating func takeReplay() -> ArraySlice<UInt8>? {
        defer { replaying = nil }
        return replaying
    }

    mutating func postpone(_ rest: ArraySlice<UInt8>) {
        if !rest.isEmpty { replaying = rest }
    }

    private mutating func clear() {
        isOpen = false
        isSpoiled = false
        queued = []
        count = 0
    }
}
