/// What a worker counts for STATS, since the daemon has held it.
package struct SnowflakeCounters: Hashable, Sendable {
    package internal(set) var issued: Int64 = 0
    /// Units of time in which at least one ID was stamped.
    package internal(set) var units: Int64 = 0
    /// Requests that had to wait for their unit of time.
    package internal(set) var waits: Int64 = 0
    /// Requests that had to wait for a commit.
    package internal(set) var parked: Int64 = 0

    package init() {}

    package mutating func add(_ other: SnowflakeCounters) {
        issued += other.issued
        units += other.units
        waits += other.waits
        parked += other.parked
    }
}
