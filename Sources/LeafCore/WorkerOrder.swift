/// A worker id's record on its way into the journal.
package struct WorkerOrder: Hashable, Sendable {
    package let record: WorkerRecord
    /// Of this worker's orders: an outcome is that of the order with its number.
    package let number: UInt64

    package init(record: WorkerRecord, number: UInt64) {
        self.record = record
        self.number = number
    }
}
