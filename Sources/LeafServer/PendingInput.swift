/// Bytes of a connection that have been read and not processed yet, in order.
struct PendingInput {
    private var buffer: [UInt8] = []
    /// What has been processed of `buffer`.
    private var used = 0

    var isEmpty: Bool { used == buffer.count }
    var bytes: ArraySlice<UInt8> { buffer[used...] }
    /// Memory that it takes.
    var heldBytes: Int { buffer.capacity }

    mutating func append(_ arrived: UnsafeRawBufferPointer) {
        buffer.append(contentsOf: arrived)
    }

    /// Lets go of the first `count` bytes. Does not carry the memory of all that came before, nor copy the rest each time.
    mutating func drop(_ count: Int) {
        used += count
        if isEmpty {
            (buffer, used) = ([], 0)
        } else if used > buffer.count / 2 {
            buffer.removeSubrange(..<used)
            used = 0
        }
    }
}
