/// How the 63 bits of a snowflake are shared out, high to low: time, worker, sequence.
package struct SnowflakeLayout: Hashable, Sendable {
    /// One tick of the time part; whole milliseconds, 1 and more.
    package var unit: Duration
    package var timeBits: Int
    package var workerBits: Int
    package var sequenceBits: Int

    package init(unit: Duration, timeBits: Int, workerBits: Int, sequenceBits: Int) {
        self.unit = unit
        self.timeBits = timeBits
        self.workerBits = workerBits
        self.sequenceBits = sequenceBits
    }

    /// Leaf's and Twitter's: milliseconds for 69 years, 1024 workers, 4096 IDs a millisecond.
    package static let leaf = SnowflakeLayout(unit: .milliseconds(1), timeBits: 41, workerBits: 10, sequenceBits: 12)

    /// Exact in a JavaScript number: 10 ms for 174 years, 64 workers, 256 IDs a tick.
    package static let js53 = SnowflakeLayout(unit: .milliseconds(10), timeBits: 39, workerBits: 6, sequenceBits: 8)

    package static let presets: [(name: String, layout: SnowflakeLayout)] = [("leaf", leaf), ("js53", js53)]

    /// How many worker ids there are: 0 …< workers.
    package var workers: Int { 1 << workerBits }

    /// How many IDs a worker has in one unit of time.
    package var idsPerUnit: Int64 { 1 << Int64(sequenceBits) }
}
