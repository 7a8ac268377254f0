/// What an open load showed, for people.
struct LatencyTables {
    let course: LatencyCourse
    let percentiles: Percentiles

    /// The percentile that the project's targets are about.
    private static let judged = 99.9
    private static let largestRatio = 1.5

    func fill(_ results: inout Results) {
        results.tables = [latencies(), ratios(), proofs()]
        for disturbance in course.plan.disturbances where disturbance.hasTarget {
            guard let ratio = ratio(disturbance) else { continue }
            results.verdicts.append(
                Verdict(
                    what: "p99.9 during \(name(disturbance)), to the quiet one",
                    target: "at most \(LatencyTables.largestRatio) ×", measured: "\(NumberText.number(ratio)) ×",
                    isMet: ratio <= LatencyTables.largestRatio))
        }
        let errors = course.plan.disturbances.reduce(0) { $0 + self.errors(disturbed($1)) + self.errors(quiet($1)) }
        results.verdicts.append(
            Verdict(what: "requests without an ID", target: "0", measured: String(errors), isMet: errors == 0))
        let first = course.plan.disturbances.lazy.flatMap { disturbed($0) + quiet($0) }.compactMap(\.firstError).first
        if let first { Progress.say("latency: \(errors) errors, the first: \(first)") }
    }

    private func name(_ disturbance: Disturbance) -> String { disturbance.name(manyTags: course.plan.manyTags) }
    private func disturbed(_ disturbance: Disturbance) -> [OpenLoad.Report] {
        course.sides[disturbance]?.reports ?? []
    }
    private func quiet(_ disturbance: Disturbance) -> [OpenLoad.Report] { course.quiet[disturbance] ?? [] }
    private func errors(_ reports: [OpenLoad.Report]) -> Int { reports.reduce(0) { $0 + $1.errors } }

    /// Round by round, in microseconds.
    private func rounds(_ percent: Double, _ histograms: [Histogram]) -> [Double] {
        histograms.map { Double($0.value(atPercentile: percent) ?? 0) / 1000 }
    }

    private func ratio(
        _ disturbance: Disturbance, _ histogram: KeyPath<OpenLoad.Report, Histogram> = \.latency
    ) -> Double? {
        Statistics.medianRatio(
            rounds(LatencyTables.judged, disturbed(disturbance).map { $0[keyPath: histogram] }),
            to: rounds(LatencyTables.judged, quiet(disturbance).map { $0[keyPath: histogram] }))
    }

    // MARK: Tables

    private func latencies() -> Table {
        let load = course.plan.load
        var table = Table(
            "Latency at a given rate",
            """
            \(NumberText.count(Int(load.requestsPerSecond))) `NEXT` a second (\(spacing)) over \(load.connections) connections \
            and \(load.tags.count) tags, from \(load.threads) thread\(load.threads == 1 ? "" : "s"). An open load: requests \
            are due at times that do not depend on the replies, and each one's latency counts from then. Each disturbed \
            leafd by turns with a quiet one, \(course.plan.rounds) rounds of \(course.plan.duration); medians of the rounds, \
            "max" the greatest of all. Lateness is how much later than due the generator sent: its own error, which is a part \
            of the latency; "from sending" is without it.
            """)
        let quiet = course.plan.disturbances.flatMap { self.quiet($0) }
        table.add(row("quiet", quiet))
        for disturbance in course.plan.disturbances { table.add(row(name(disturbance), disturbed(disturbance))) }
        return table
    }

    private var spacing: String {
        if case .poisson = course.plan.load.spacing { "at random, a Poisson process" } else { "evenly spaced" }
    }

    private func row(_ name: String, _ reports: [OpenLoad.Report]) -> [(String, Value)] {
        var row: [(String, Value)] = [
            ("while", .text(name)),
            ("requests", .count(reports.reduce(0) { $0 + Int($1.latency.count) })),
        ]
        for percent in percentiles.values {
            let found = Statistics.median(rounds(percent, reports.map(\.latency)))
            row.append(("\(Percentiles.name(percent)), µs", Value(found)))
        }
        row.append(("max, µs", Value(reports.map { Double($0.latency.max) / 1000 }.max())))
        let service = reports.map(\.service)
        row.append(("from sending p99.9, µs", Value(Statistics.median(rounds(99.9, service)))))
        let lateness = reports.map(\.lateness)
        row.append(("lateness p50, µs", Value(Statistics.median(rounds(50, lateness)))))
        row.append(("lateness p99.9, µs", Value(Statistics.median(rounds(99.9, lateness)))))
        row.append(("errors", .count(errors(reports))))
        return row
    }

    private func ratios() -> Table {
        var table = Table(
            "Disturbed to quiet",
            "The ratio of each disturbed p99.9 to the quiet one of the same round: the median of the rounds, the least, the greatest."
        )
        for disturbance in course.plan.disturbances {
            let pairs = zip(
                rounds(LatencyTables.judged, disturbed(disturbance).map(\.latency)),
                rounds(LatencyTables.judged, quiet(disturbance).map(\.latency)))
            let all = pairs.filter { $1 > 0 }.map { $0 / $1 }
            table.add([
                "while": .text(name(disturbance)), "median": Value(Statistics.median(all)), "least": Value(all.min()),
                "greatest": Value(all.max()),
                "median, from sending": Value(ratio(disturbance, \.service)),
            ])
        }
        return table
    }

    private func proofs() -> Table {
        var table = Table(
            "What went on meanwhile",
            "As leafd's own STATS counts it: that each disturbance took place. Events a second, medians of the rounds.")
        for disturbance in course.plan.disturbances {
            let side = course.sides[disturbance]
            table.add([
                "while": .text(name(disturbance)), "commits/s": Value(Statistics.median(side?.commits ?? [])),
                "leases/s": Value(Statistics.median(side?.leases ?? [])),
                "failed calls of the store/s": Value(Statistics.median(side?.storeErrors ?? [])),
                "reloads, STATS, rounds of bulk leases/s": Value(Statistics.median(side?.times ?? [])),
            ])
        }
        return table
    }
}
