private import CLeafPlatform
private import Glibc

/// The socket of one connection. It never blocks: what it does not take at once waits here, and goes out later in order.
struct Stream: ~Copyable {
    private(set) var descriptor: Int32
    /// What has not been taken yet begins at `sent`.
    private var unsent: [UInt8] = []
    private var sent = 0

    /// - Parameter descriptor: connected and non-blocking; closed with this value.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Closes at once; what waits is lost.
    mutating func close() {
        Glibc.close(descriptor)
        descriptor = -1
        (unsent, sent) = ([], 0)
    }

    enum Received {
        case bytes(Int)
        /// Nothing has arrived.
        case nothing
        /// The peer sends no more.
        case end
        case broken
    }

    /// Reads what has arrived, as far as there is room for it.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Received {
        while true {
            let count = leaf_receive(descriptor, buffer.baseAddress, Int64(buffer.count))
            if count > 0 { return .bytes(Int(count)) }
            switch -Int32(truncatingIfNeeded: count) {
            case 0: return .end
            case EINTR: continue
            case EAGAIN: return .nothing
            default: return .broken
            }
        }
    }

    /// Bytes that wait until the peer reads.
    var unsentCount: Int { unsent.count - sent }
    /// Memory that they take.
    var heldBytes: Int { unsent.capacity }

    /// Sends bytes, behind those that wait. False: the connection is broken.
    mutating func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard unsent.isEmpty else {
            unsent.append(contentsOf: bytes)
            return true
        }
        guard let taken = pass(bytes) else { return false }
        if taken < bytes.count { unsent.append(contentsOf: bytes[taken...]) }
        return true
    }

    /// Sends what waits, as far as it goes now. False: the connection is broken.
    ///
    /// - Parameter most: bytes to be sent in this turn.
    mutating func sendRest(atMost most: Int = .max) -> Bool {
        let end = sent + min(most, unsent.count - sent)
        guard let taken = unsent.withUnsafeBytes({ pass(UnsafeRawBufferPointer(rebasing: $0[sent..<end])) }) else {
            return false
        }
        sent += taken
        if sent == unsent.count {
            // A connection that has caught up keeps no memory for it.
            (unsent, sent) = ([], 0)
        } else if sent > unsent.count / 2 {
            unsent.removeSubrange(..<sent)
            sent = 0
        }
        return true
    }

    /// How many of the bytes the system has taken; nil: the connection is broken.
    private func pass(_ bytes: UnsafeRawBufferPointer) -> Int? {
        while true {
            let count = leaf_send(descriptor, bytes.baseAddress, Int64(bytes.count))
            if count >= 0 { return Int(count) }
            switch -Int32(truncatingIfNeeded: count) {
            case EINTR: continue
            case EAGAIN: return 0
            default: return nil
            }
        }
    }
}
