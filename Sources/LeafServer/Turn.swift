/// How much one connection may do before others have their turn.
///
/// About as long as it takes to wake a thread for a request: so whoever asks for little hardly notices who asks for much.
/// Each of these bounds is for a kind of client that stays below the others.
enum Turn {
    /// Bytes of requests read. Those of 128 requests in a pipeline are 4 KiB.
    static let bytesRead = 16 << 10
    /// Bytes of replies, before the last request's.
    static let bytesWritten = 32 << 10
    /// Bytes sent of those that a client had no room for.
    static let bytesSent = 64 << 10
    /// IDs of a reply that is longer.
    static let ids: Int64 = 2048
    /// Names of tags, the same.
    static let names = 1024
    /// What requests cost, in units of about 50 ns: see `ConnectionHandler.effort`.
    static let effort = 512
    /// A request for another tag than the one before: it is looked up, and its lock taken.
    static let effortOfRun = 4
    /// A request that asks for a number of IDs, or that has to wait.
    static let effortOfDemand = 12
    /// An error costs more than most requests: its text is put together.
    static let effortOfError = 24
    /// Repetitions of a request that cost as much as a request.
    static let repeats = 4
    /// Answers to parked requests, those with many IDs counted for more.
    static let answers = 16

    /// Memory is charged in such pages; less is not charged.
    static let pageMask = 4095
}
