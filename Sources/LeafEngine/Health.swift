package import LeafCore
internal import LeafJournal
internal import LeafStore
internal import LeafThreads

/// Whether IDs will be had, in one word and a reason.
package enum Health: Hashable, Sendable {
    case ok
    /// IDs are issued, but something must be mended before the stock runs out.
    case degraded(String)
    /// Some requests get no IDs.
    case unhealthy(String)
}

extension Engine {
    /// Looks at the store, the journal and the stock of every tag in use.
    package func health() -> Health {
        if let trouble = journalTrouble {
            return .unhealthy("the journal cannot be written, only IDs journaled before are issued: \(trouble)")
        }
        let (link, report) = store.desk.with { ($0.link, $0.report) }
        let now = MonotonicTime.now()
        if let error = report.failure, link.isBackingOff {
            return stockHealth(
                now, "the central store fails since \(seconds(now.since(link.changedAt))): \(error.message)")
        }
        if let trouble = report.trouble, now < trouble.until { return .degraded(trouble.text) }
        let journal = writer.snapshot()
        if !journal.hasHeadroom {
            return .degraded("the journal's disk is full: commits go on within the room it has, free some space")
        }
        if journal.commits > 0 && !journal.witness {
            return .degraded(
                "the journal has no witness in memory, so that every restart gives the stock up: see journal.witness")
        }
        if let problem = snowflake.healthProblem { return .degraded(problem) }
        if let warnings = summary(of: report.warnings) { return .degraded(warnings) }
        return .ok
    }

    /// How long the stock lasts while the store is away.
    private func stockHealth(_ now: MonotonicTime, _ reason: String) -> Health {
        let snapshots = entries.map { (tag: $0.tag, stock: $0.snapshot(now: now)) }
        let inUse = snapshots.filter { $0.stock.issued > 0 || $0.stock.counters.failed > 0 || $0.stock.stock > 0 }
        if let empty = inUse.first(where: { $0.stock.stock == 0 }) {
            return .unhealthy("no stock of \(empty.tag), and \(reason)")
        }
        if inUse.isEmpty, snowflake.isInUse, let left = snowflake.timeLeft, left > .zero {
            return .degraded("the worker ids of snowflakes are leased for \(seconds(left)) more; \(reason)")
        }
        guard !inUse.isEmpty else { return .unhealthy("no stock of any tag, and \(reason)") }
        let shortest = inUse.compactMap { item in item.stock.runway.map { (tag: item.tag, runway: $0) } }
            .min { $0.runway < $1.runway }
        guard let shortest else {
            let least = inUse.min { $0.stock.stock < $1.stock.stock }
            return .degraded(
                "stock lasts: \(least?.stock.stock ?? 0) IDs of \(least?.tag.name ?? "") and no demand now; \(reason)")
        }
        return .degraded("stock lasts \(seconds(shortest.runway)) at the present rate (\(shortest.tag)); \(reason)")
    }

    /// As many as fit a line.
    private func summary(of warnings: [String]) -> String? {
        guard !warnings.isEmpty else { return nil }
        let shown = warnings.prefix(3).joined(separator: "; ")
        return warnings.count > 3 ? "\(shown); and \(warnings.count - 3) more, see the log" : shown
    }

    private func seconds(_ duration: Duration) -> String {
        let seconds = Int(duration.inSeconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        default: "\(seconds / 3600) h"
        }
    }
}

extension StockSnapshot {
    /// How long the stock lasts at the rate of the last minute; nil while there is no demand to speak of.
    package var runway: Duration? {
        let rate = max(perSecond, perSecondOverMinute)
        guard rate > 0.01 else { return nil }
        return .seconds(min(Double(stock) / rate, 1e9))
    }
}
