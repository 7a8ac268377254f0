import LeafCore
import LeafProtocol
import Testing

struct SnowflakeRepliesTests {
    static let example = DecodedID(
        id: 1_169_786_042_799_259_000,
        parts: SnowflakeFormat.Parts(time: 1_567_733_700_834, worker: 39, sequence: 3448))

    private func text(_ write: (ReplyBuffer) -> Void) -> String {
        let buffer = ReplyBuffer()
        write(buffer)
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    @Test func `the reply to DECODE is names and values in a flat array`() {
        #expect(
            text(Self.example.write)
                == "*8\r\n$12\r\ntimestamp_ms\r\n:1567733700834\r\n$7\r\niso8601\r\n$24\r\n2019-09-06T01:35:00.834Z\r\n"
                + "$6\r\nworker\r\n:39\r\n$8\r\nsequence\r\n:3448\r\n")
    }

    @Test func `it is read back by its names, whatever else is there`() {
        let values: [String: Int64] = ["sequence": 3448, "worker": 39, "timestamp_ms": 1_567_733_700_834, "new": 1]
        #expect(DecodedID(id: Self.example.id, values: values) == Self.example)
        for name in ["sequence", "worker", "timestamp_ms"] {
            #expect(DecodedID(id: Self.example.id, values: values.filter { $0.key != name }) == nil)
        }
    }

    @Test func `a decoded ID is a JSON object`() throws {
        #expect(
            Self.example.jsonText() == #"{"id":1169786042799259000,"iso8601":"2019-09-06T01:35:00.834Z","#
                + #""sequence":3448,"timestamp_ms":1567733700834,"worker":39}"#)
        #expect(try DecodedID(json: Self.example.jsonText()) == Self.example)
    }

    @Test func `what is no ID of a layout is told why`() {
        let js53 = SnowflakeFormat(layout: .js53, epoch: 1_577_836_800_000)
        #expect(
            DecodedID.problem(of: 1 << 53, js53)
                == "the ID 9007199254740992 has 54 bits, more than the 53 of the layout (epoch 1577836800000, 39 bits "
                + "of 10 ms, 6 of worker, 8 of sequence): it is none of its snowflakes")
        #expect(DecodedID.problem(of: -7, js53) == "the ID -7 is negative: no snowflake is")
    }

    @Test func `a row of WORKERS is an array of its columns, and a JSON object`() throws {
        let row = WorkerListing(
            worker: 39, generation: 2, holder: "00ff", machine: "", host: "web-\"1\"", lastTime: 1_567_733_700_834,
            state: .held)
        #expect(
            text(row.write)
                == "*7\r\n:39\r\n:2\r\n$4\r\n00ff\r\n$0\r\n\r\n$7\r\nweb-\"1\"\r\n:1567733700834\r\n$4\r\nheld\r\n")
        #expect(
            row.jsonText() == #"{"generation":2,"holder":"00ff","host":"web-\"1\"","machine":"","state":"held","#
                + #""ts_hi_ms":1567733700834,"worker":39}"#)
        #expect(try WorkerListing(json: row.jsonText()) == row)
        #expect(WorkerListing.State(rawValue: "mine") == .mine)
    }
}
