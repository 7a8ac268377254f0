/// A layout and the zero of its time: all that is needed to make IDs, and to read them.
package struct SnowflakeFormat: Hashable, Sendable {
    package let layout: SnowflakeLayout
    /// In milliseconds since 1970.
    package let epoch: Int64
    /// In milliseconds.
    package let unit: Int64

    package init(layout: SnowflakeLayout, epoch: Int64) {
        self.layout = layout
        self.epoch = epoch
        unit = max(1, layout.unit.inNanoseconds / 1_000_000)
    }

    /// One ID, taken apart.
    package struct Parts: Hashable, Sendable {
        /// When its unit of time began, in milliseconds since 1970.
        package let time: Int64
        package let worker: Int
        package let sequence: Int64

        package init(time: Int64, worker: Int, sequence: Int64) {
            self.time = time
            self.worker = worker
            self.sequence = sequence
        }
    }

    /// The last unit that the time bits hold.
    package var lastUnit: Int64 { (1 << Int64(layout.timeBits)) - 1 }

    /// When the last unit begins, in milliseconds since 1970.
    package var lastTime: Int64 { time(ofUnit: lastUnit) }

    /// The unit that a time lies in; negative before the epoch.
    ///
    /// - Parameter time: in milliseconds since 1970.
    package func unit(at time: Int64) -> Int64 {
        let since = time - epoch
        return since >= 0 ? since / unit : (since - unit + 1) / unit
    }

    /// The first unit that begins at or after a time.
    package func firstUnit(from time: Int64) -> Int64 { unit(at: time - 1) + 1 }

    /// When a unit begins, in milliseconds since 1970.
    package func time(ofUnit number: Int64) -> Int64 { epoch + number * unit }

    /// - Parameters:
    ///   - unit: 0…lastUnit.
    ///   - worker: 0 …< workers.
    ///   - sequence: 0 …< idsPerUnit.
    package func id(unit: Int64, worker: Int, sequence: Int64) -> Int64 {
        ((unit << Int64(layout.workerBits)) | Int64(worker)) << Int64(layout.sequenceBits) | sequence
    }

    /// Takes an ID apart. Nil: it has more bits than the layout, or is negative.
    package func parts(of id: Int64) -> Parts? {
        guard id >= 0 else { return nil }
        let sequence = id & (layout.idsPerUnit - 1)
        let worker = Int(id >> Int64(layout.sequenceBits)) & (layout.workers - 1)
        let unit = id >> Int64(layout.sequenceBits + layout.workerBits)
        guard unit <= lastUnit else { return nil }
        return Parts(time: time(ofUnit: unit), worker: worker, sequence: sequence)
    }

    /// How it is written down in `leafd_state`, and compared: two daemons of one store that differ could make the same ID.
    package var text: String {
        "epoch \(epoch), \(layout.timeBits) bits of \(unit) ms, \(layout.workerBits) of worker, \(layout.sequenceBits) of sequence"
    }
}
