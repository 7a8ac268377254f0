/// Every single measurement, for who wants to see how far the rounds are apart.
enum PeersRounds {
    /// Comma-separated values with one line a measurement.
    static func text(of samples: PeersCourse.Samples) -> String {
        let heading =
            "request,pipeline,clients,peer,round,requests/s,p50 µs,p99 µs,p99.9 µs,server CPU µs/request,generator use"
        let lines = samples.flatMap { key, samples in
            samples.enumerated().map { round, sample in line(key, round: round + 1, sample) }
        }
        return ([heading] + lines.sorted()).joined(separator: "\n") + "\n"
    }

    private static func line(_ key: PeersCourse.Key, round: Int, _ sample: LoadGenerator.Sample) -> String {
        let load = key.load.command.joined(separator: " ")
        let figures = [
            sample.requestsPerSecond, sample.p50Microseconds, sample.p99Microseconds, sample.p999Microseconds,
            sample.serverMicrosecondsPerRequest, sample.generatorUse,
        ].map { String($0) }
        let place = [load, String(key.point.pipeline), String(key.point.clients), key.peer.rawValue, String(round)]
        return (place + figures).joined(separator: ",")
    }
}
