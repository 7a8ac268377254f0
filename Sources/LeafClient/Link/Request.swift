/// What a client asks of the daemon. All of it may be asked twice: of IDs that are taken and never seen remains a gap.
enum Request: Sendable {
    case next(tag: String)
    case nextCount(tag: String, Int)
    case lease(tag: String, Int)
    case snowflake
    case snowflakeCount(Int)
    case health
    case ping

    /// The command's name, for messages.
    var name: String {
        switch self {
        case .next, .nextCount: "NEXT"
        case .lease: "LEASE"
        case .snowflake, .snowflakeCount: "SNOWFLAKE"
        case .health: "HEALTH"
        case .ping: "PING"
        }
    }

    /// Writes the request as a RESP array of bulk strings.
    func append(to bytes: inout [UInt8]) {
        switch self {
        case .next(let tag):
            Request.append("*2\r\n$4\r\nNEXT\r\n", to: &bytes)
            Request.append(word: tag, to: &bytes)
        case .nextCount(let tag, let count):
            Request.append("*3\r\n$4\r\nNEXT\r\n", to: &bytes)
            Request.append(word: tag, to: &bytes)
            Request.append(word: String(count), to: &bytes)
        case .lease(let tag, let count):
            Request.append("*3\r\n$5\r\nLEASE\r\n", to: &bytes)
            Request.append(word: tag, to: &bytes)
            Request.append(word: String(count), to: &bytes)
        case .snowflake: Request.append("*1\r\n$9\r\nSNOWFLAKE\r\n", to: &bytes)
        case .snowflakeCount(let count):
            Request.append("*2\r\n$9\r\nSNOWFLAKE\r\n", to: &bytes)
            Request.append(word: String(count), to: &bytes)
        case .health: Request.append("*1\r\n$6\r\nHEALTH\r\n", to: &bytes)
        case .ping: Request.append("*1\r\n$4\r\nPING\r\n", to: &bytes)
        }
    }

    private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func append(word: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "$"))
        bytes.append(contentsOf: String(word.utf8.count).utf8)
        append("\r\n", to: &bytes)
        bytes.append(contentsOf: word.utf8)
        append("\r\n", to: &bytes)
    }
}
