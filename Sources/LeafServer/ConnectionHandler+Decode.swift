internal import LeafCore
internal import LeafEngine
internal import LeafProtocol

/// DECODE: arithmetic alone, for which neither a worker id nor the store is needed.
extension ConnectionHandler {
    /// `DECODE id`
    func decode(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        let argument = arguments.bytes(1, of: bytes)
        guard let id = parseInteger(argument) else {
            return fail("ERR the ID '\(quoted(argument))' is not an integer or out of range")
        }
        let format = engine.settings.snowflake.format
        guard let parts = format.parts(of: id) else { return fail("ERR \(DecodedID.problem(of: id, format))") }
        DecodedID(id: id, parts: parts).write(to: replies)
    }
}
