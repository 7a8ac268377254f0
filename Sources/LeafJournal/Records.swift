internal import LeafCore

extension TagRecord {
    /// Bytes of a record without segments, and of each segment.
    static let encodedLength = (fixed: RecordCodec.prefixLength + 68, segment: 16)

    func encoded(key: UnsafeRawBufferPointer, sequence: UInt64) -> [UInt8] {
        RecordCodec.encode(.tag, key: key, sequence: sequence) { writer in
            writer.put(incarnation)
            writer.put(epoch)
            for number in [hi, cap, position, floor, step, tableStep] { writer.put(number) }
            writer.put(UInt32(segments.count))
            for segment in segments {
                writer.put(segment.start)
                writer.put(segment.end)
            }
        }
    }

    static func decoded(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) throws -> (sequence: UInt64, TagRecord) {
        let (sequence, record) = try RecordCodec.decode(.tag, key: key, value: value) { reader in
            var record = TagRecord(
                incarnation: try reader.get(UInt64.self), epoch: try reader.get(UInt64.self), segments: [],
                hi: try reader.get(Int64.self),
                cap: try reader.get(Int64.self), position: try reader.get(Int64.self),
                floor: try reader.get(Int64.self),
                step: try reader.get(Int64.self), tableStep: try reader.get(Int64.self))
            for _ in 0..<(try reader.get(UInt32.self)) {
                let (start, end) = (try reader.get(Int64.self), try reader.get(Int64.self))
                guard start >= 1, start < end else { throw RecordCodec.Damage(reason: "a segment [\(start), \(end))") }
                record.segments.append(Segment(start: start, end: end))
            }
            return record
        }
        if let problem = record.problem { throw RecordCodec.Damage(reason: problem) }
        return (sequence, record)
    }
}

/// A record of a worker id is never deleted. One that is of no use any more stays until the id is claimed again: a
/// record of another epoch than the header's counts as given up, and no header ever has epoch 0.
extension WorkerRecord {
    func encoded(key: UnsafeRawBufferPointer, sequence: UInt64) -> [UInt8] {
        RecordCodec.encode(.worker, key: key, sequence: sequence) { writer in
            writer.put(generation)
            writer.put(epoch)
            for time in [lastTime, hi, cap] { writer.put(time) }
            writer.put(format)
        }
    }

    /// - Parameter worker: the id that the key says.
    static func decoded(
        _ worker: Int, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) throws -> (sequence: UInt64, WorkerRecord) {
        let (sequence, record) = try RecordCodec.decode(.worker, key: key, value: value) { reader in
            let (generation, epoch) = (try reader.get(Int64.self), try reader.get(UInt64.self))
            let (lastTime, hi) = (try reader.get(Int64.self), try reader.get(Int64.self))
            let cap = try reader.get(Int64.self)
            return WorkerRecord(
                worker: worker, generation: generation, epoch: epoch, format: try reader.getText(), lastTime: lastTime,
                hi: hi, cap: cap)
        }
        if let problem = record.problem { throw RecordCodec.Damage(reason: problem) }
        return (sequence, record)
    }
}

/// What the header's record says.
struct HeaderRecord {
    /// Of the commit that wrote it: the newest.
    var sequence: UInt64
    var header: JournalHeader
    /// The sum, modulo 2^64, of the checksums of all records but this one: an older version of a page, reached by one
    /// flipped page number, holds records with checksums that are all right.
    var digest: UInt64
}

extension JournalHeader {
    static let key = Array("header".utf8)

    func encoded(sequence: UInt64, digest: UInt64) -> [UInt8] {
        JournalHeader.key.withUnsafeBytes { key in
            RecordCodec.encode(.header, key: key, sequence: sequence) { writer in
                for text in [
                    journalID, agentID, storeID, storePlace.url, storePlace.table, host.machineID, host.bootID, life.id,
                    life.before,
                ] {
                    writer.put(text)
                }
                writer.put(life.firstCommit)
                writer.put(agentBeat)
                writer.put(agentLift)
                writer.put(host.fileSystemID)
                writer.put(host.device)
                writer.put(host.inode)
                writer.put(host.bornAt)
                writer.put(epoch)
                writer.put(UInt8(isClean ? 1 : 0))
                writer.put(UInt8(isUnconfirmed ? 1 : 0))
                writer.put(digest)
            }
        }
    }

    static func decoded(value: UnsafeRawBufferPointer) throws -> HeaderRecord {
        let (sequence, fields) = try key.withUnsafeBytes { key in
            try RecordCodec.decode(.header, key: key, value: value) { reader in
                let texts = try (0..<9).map { _ in try reader.getText() }
                let life = JournalLife(id: texts[7], before: texts[8], firstCommit: try reader.get(UInt64.self))
                let (beat, lift) = (try reader.get(Int64.self), try reader.get(Int64.self))
                let host = HostIdentity(
                    machineID: texts[5], bootID: texts[6], fileSystemID: try reader.get(UInt64.self),
                    device: try reader.get(UInt64.self),
                    inode: try reader.get(UInt64.self), bornAt: try reader.get(UInt64.self))
                let epoch = try reader.get(UInt64.self)
                let header = JournalHeader(
                    journalID: texts[0], agentID: texts[1], agentBeat: beat, storeID: texts[2],
                    storePlace: StorePlace(url: texts[3], table: texts[4]),
                    host: host, isClean: try reader.get(UInt8.self) == 1, epoch: epoch,
                    isUnconfirmed: try reader.get(UInt8.self) == 1, agentLift: lift, life: life)
                return (header, try reader.get(UInt64.self))
            }
        }
        return HeaderRecord(sequence: sequence, header: fields.0, digest: fields.1)
    }
}
