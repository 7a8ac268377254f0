/// Everything an operator can decide about leafd, as one value: the sections of `leafd.yaml`, completely checked.
///
/// `Configuration()` is the daemon's default. `Configuration.load(file:environment:sets:)` is the only other way to
/// get one from outside, so that what holds one never checks a range again. The keys, their types, ranges and what
/// SIGHUP may change are in one table, `Key.all`.
package struct Configuration: Hashable, Sendable {
    package var socket = Socket()
    package var store = Store()
    package var segments = Segments()
    package var snowflake = Snowflake()
    package var journal = Journal()
    package var server = Server()
    /// Who may use which tags; empty: everybody who can open the socket may use every tag.
    package var access: [AccessRule] = []
    package var log = Log()

    package init() {}

    /// Where an installed daemon finds its file.
    package static let defaultFile = "/etc/leafd/leafd.yaml"

    /// The distance by which a counter that went backward is lifted above the highest end known (`store.failover-gap`).
    ///
    /// Unless configured it is a hundred of the largest leases: that many may have been lost in a failover.
    package var failoverGap: Int64 {
        switch store.failoverGap {
        case .auto: 100 * segments.maxStep
        case .fixed(let gap): gap
        }
    }
}

/// A value that leafd finds out by itself unless it is given.
package enum Auto<Value: Hashable & Sendable>: Hashable, Sendable {
    case auto
    case fixed(Value)

    /// The configured value, or nil when it is left to leafd.
    package var value: Value? {
        if case .fixed(let value) = self { value } else { nil }
    }
}
