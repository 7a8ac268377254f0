/// What leafd says of itself.
public enum LeafHealth: Hashable, Sendable {
    /// All is well.
    case healthy
    /// IDs are issued, but something must be mended before stock runs out; the reason says what.
    case degraded(reason: String)
    /// IDs are not issued, or soon will not be; the reason says why.
    case unhealthy(reason: String)

    init?(_ reply: Reply) {
        switch reply {
        case .simple("OK"): self = .healthy
        case .simple(let text) where text.hasPrefix("DEGRADED "): self = .degraded(reason: String(text.dropFirst(9)))
        case .error("UNHEALTHY", let reason): self = .unhealthy(reason: reason)
        default: return nil
        }
    }
}
