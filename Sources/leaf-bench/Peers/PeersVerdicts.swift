/// The targets: each is met if it is at every point that it is about.
extension PeersTables {
    private struct Target {
        var what: String
        var other: Peer
        var figure: Figure
        var limit: Double
        /// Whether the figure is to be at least the limit, rather than at most.
        var isFloor = false
        var concerns: (LoadPoint) -> Bool = { _ in true }
    }

    var verdicts: [Verdict] {
        let cpu = "server CPU per request"
        let targets = [
            Target(
                what: "requests/s at every point", other: .redis, figure: \.requestsPerSecond, limit: 1, isFloor: true),
            Target(
                what: "\(cpu) at pipeline 1", other: .redis, figure: \.serverMicrosecondsPerRequest, limit: 1,
                concerns: { $0.pipeline == 1 }),
            Target(
                what: "\(cpu) at pipelines 16 and 128", other: .redis, figure: \.serverMicrosecondsPerRequest,
                limit: 0.6,
                concerns: { $0.pipeline >= 16 }),
            Target(
                what: "\(cpu) at pipeline 1", other: .floor, figure: \.serverMicrosecondsPerRequest, limit: 1.4,
                concerns: { $0.pipeline == 1 }),
        ]
        return own.flatMap { peer in targets.compactMap { verdict(peer, $0) } }
    }

    private func verdict(_ peer: Peer, _ target: Target) -> Verdict? {
        let found = course.points.filter(target.concerns).compactMap { point in
            ratio(point, peer, to: target.other, target.figure).map { (point: point, ratio: $0) }
        }.sorted { $0.ratio < $1.ratio }
        guard let least = found.first, let most = found.last else { return nil }
        let worst = target.isFloor ? least : most
        let range = "\(NumberText.number(least.ratio)) to \(NumberText.number(most.ratio)) ×"
        return Verdict(
            what: "\(peer.title): \(target.what)",
            target: "at \(target.isFloor ? "least" : "most") \(target.limit) × \(target.other.title)",
            measured: "\(range); worst at \(worst.point.description)",
            isMet: target.isFloor ? worst.ratio >= target.limit : worst.ratio <= target.limit)
    }
}
