/// One key of the STATS JSON: written as null while its value is unknown, and read as unknown when it is null or missing.
///
/// Both halves are for the operator. A key that is always there can be scripted against, and null says "not measured"
/// where 0 would lie. A key that may be missing lets a newer `leafctl` read an older daemon, and the other way round.
@propertyWrapper
package struct StatsField<Value: StatsValue>: Hashable, Sendable {
    package var wrappedValue: Value

    package init(wrappedValue: Value) {
        self.wrappedValue = wrappedValue
    }
}

extension StatsField: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? .unknown : try container.decode(Value.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if wrappedValue.isUnknown {
            try container.encodeNil()
        } else {
            try container.encode(wrappedValue)
        }
    }
}

extension KeyedDecodingContainer {
    /// Chosen by the synthesized `init(from:)` for every `@StatsField`: the one place where a missing key is forgiven.
    package func decode<Value>(_ type: StatsField<Value>.Type, forKey key: Key) throws -> StatsField<Value> {
        try decodeIfPresent(type, forKey: key) ?? StatsField(wrappedValue: .unknown)
    }
}

/// What may stand in the STATS JSON.
package protocol StatsValue: Codable, Hashable, Sendable {
    /// What is read where the key is missing or null.
    static var unknown: Self { get }
    /// Whether null is written in its place.
    var isUnknown: Bool { get }
}

extension StatsValue {
    package var isUnknown: Bool { false }
}

extension Int64: StatsValue {
    package static var unknown: Int64 { 0 }
}

extension Bool: StatsValue {
    package static var unknown: Bool { false }
}

extension String: StatsValue {
    package static var unknown: String { "" }
}

extension Double: StatsValue {
    package static var unknown: Double { 0 }
    /// JSON has no infinity: stock that lasts for ever, or a mean over nothing, is written as null.
    package var isUnknown: Bool { !isFinite }
}

extension Optional: StatsValue where Wrapped: StatsValue {
    package static var unknown: Wrapped? { nil }
    package var isUnknown: Bool { self?.isUnknown ?? true }
}

extension Array: StatsValue where Element: StatsValue {
    package static var unknown: [Element] { [] }
}

extension Dictionary: StatsValue where Key == String, Value: StatsValue {
    package static var unknown: [String: Value] { [:] }
}
