private import Glibc
private import LeafClient

/// How long leafd takes from its exec to the first ID, with very many tags in its journal.
struct StartTime {
    let tags: Int
    let rounds: Int
    let path: String

    private enum End: String, CaseIterable {
        case stop = "a clean stop"
        case kill = "kill -9"
    }

    func measure(into results: inout Results) throws {
        Progress.say("scale: a leafd with \(tags) tags, each asked once")
        let leafd = try ManyTags.start(path, count: tags, step: 1000, settings: ["segments.wait-timeout=60s"])
        try ManyTags.touch(ManyTags.names(tags), of: leafd)
        var seconds: [End: [Double]] = [:]
        var progress = Progress("scale, time to start", steps: rounds * End.allCases.count)
        for _ in 0..<rounds {
            for end in End.allCases {
                progress.step("after \(end.rawValue)")
                switch end {
                case .stop: leafd.stop()
                case .kill: leafd.program.kill()
                }
                seconds[end, default: []].append(try timeToFirstID(of: leafd).inSeconds)
                // So that the next end finds it at rest.
                usleep(500_000)
            }
        }
        report(seconds, to: &results)
    }

    private func timeToFirstID(of leafd: Leafd) throws -> Duration {
        let tag = ManyTags.names(tags)[tags / 2]
        let start = ContinuousClock.now
        try leafd.launchAgain()
        try Readiness.wait(for: leafd.program, log: leafd.logPath) {
            (try? leafd.connect().next(tag)) != nil
        }
        return ContinuousClock.now - start
    }

    private func report(_ seconds: [End: [Double]], to results: inout Results) {
        var table = Table(
            "Time to start with \(tags) tags in the journal",
            "From exec to the first ID, of a tag in the middle; \(rounds) starts each. A client tries once a millisecond."
        )
        for end in End.allCases {
            let found = seconds[end] ?? []
            let median = Statistics.median(found) ?? 0
            table.add(["after": .text(end.rawValue), "median, s": .number(median), "longest, s": Value(found.max())])
            results.verdicts.append(
                Verdict(
                    what: "start to first ID with \(tags) tags after \(end.rawValue)", target: "less than 2 s",
                    measured: "\(NumberText.number(median)) s", isMet: median < 2))
        }
        results.tables.append(table)
    }
}
