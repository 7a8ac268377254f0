internal import LeafCore
internal import LeafProtocol

enum HealthText {
    /// `OK`, `DEGRADED` or `UNHEALTHY`, in its colour.
    static func word(_ state: HealthAnswer.State, _ style: Style) -> String {
        switch state {
        case .healthy: style.good("OK")
        case .degraded: style.warning("DEGRADED")
        case .unhealthy: style.bad("UNHEALTHY")
        }
    }
}

/// How long stock lasts, and how bad that is.
enum RunwayText {
    /// Stock that ends sooner is worth a look: an outage of the store would soon be noticed. The alert says the same.
    static let shortSeconds = 900.0

    /// `first out: orders in 15m`; nil while nobody asks.
    static func text(of stats: StatsDocument) -> String? {
        guard let seconds = stats.ids.runwaySeconds else { return nil }
        let first = stats.tags.min(by: TagStats.hasShorterRunway)
        let name = first.map { Columns.fit(Columns.printable($0.tag), 40) } ?? "a tag"
        return "first out: \(name) in \(Units.span(seconds: seconds))"
    }
}
