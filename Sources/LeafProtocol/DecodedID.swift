package import LeafCore

/// A snowflake taken apart: the reply to `DECODE`, and an object of `leafctl decode --json`.
package struct DecodedID: StatsJSON {
    package let id: Int64
    package let parts: SnowflakeFormat.Parts

    package init(id: Int64, parts: SnowflakeFormat.Parts) {
        self.id = id
        self.parts = parts
    }

    /// When it was made, in UTC: to the unit of its layout.
    package var iso8601: String { UTCTime(milliseconds: parts.time).iso8601 }

    /// `timestamp_ms … iso8601 … worker … sequence …`, in a flat array.
    package func write(to replies: ReplyBuffer) {
        replies.arrayHead(8)
        replies.bulk(CodingKeys.time.rawValue)
        replies.integer(parts.time)
        replies.bulk(CodingKeys.iso8601.rawValue)
        replies.bulk(iso8601)
        replies.bulk(CodingKeys.worker.rawValue)
        replies.integer(Int64(parts.worker))
        replies.bulk(CodingKeys.sequence.rawValue)
        replies.integer(parts.sequence)
    }

    /// Reads the reply's pairs; pairs that it does not know are ignored. Nil: one is missing.
    ///
    /// - Parameter values: the integers of the reply by the names before them.
    package init?(id: Int64, values: [String: Int64]) {
        guard let time = values[CodingKeys.time.rawValue], let sequence = values[CodingKeys.sequence.rawValue],
            let worker = values[CodingKeys.worker.rawValue].flatMap(Int.init(exactly:))
        else { return nil }
        self.init(id: id, parts: SnowflakeFormat.Parts(time: time, worker: worker, sequence: sequence))
    }

    /// Why an ID has no parts.
    package static func problem(of id: Int64, _ format: SnowflakeFormat) -> String {
        guard id >= 0 else { return "the ID \(id) is negative: no snowflake is" }
        let layout = format.layout
        return "the ID \(id) has \(Int64.bitWidth - id.leadingZeroBitCount) bits, more than the "
            + "\(layout.timeBits + layout.workerBits + layout.sequenceBits) of the layout (\(format.text)): "
            + "it is none of its snowflakes"
    }

    // MARK: JSON

    private enum CodingKeys: String, CodingKey {
        case id, iso8601, worker, sequence
        case time = "timestamp_ms"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(Int64.self, forKey: .id)
        parts = SnowflakeFormat.Parts(
            time: try container.decode(Int64.self, forKey: .time),
            worker: try container.decode(Int.self, forKey: .worker),
            sequence: try container.decode(Int64.self, forKey: .sequence))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(parts.time, forKey: .time)
        try container.encode(iso8601, forKey: .iso8601)
        try container.encode(parts.worker, forKey: .worker)
        try container.encode(parts.sequence, forKey: .sequence)
    }
}
