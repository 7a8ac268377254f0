internal import Foundation

/// What this host takes for the time, right or wrong.
package enum WallClock {
    /// Since 1970.
    package static var milliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
