internal import LeafCore
internal import LeafProtocol

/// `leafctl stats --prometheus`: asks leafd, and writes what it says, or that it says nothing.
struct MetricsReport {
    let connection: ConnectionOptions
    /// The file to be replaced; nil: standard output.
    let file: String?

    /// - Throws: why leafd could not be asked, once `leafd_up 0` has been written; or that nothing could be written.
    func run() throws {
        let metrics: Exposition
        do {
            metrics = try ask()
        } catch {
            try write(LeafMetrics.expositionOfSilence(at: .now))
            throw error
        }
        try write(metrics)
    }

    private func ask() throws -> Exposition {
        let leafd = try connection.connect()
        return LeafMetrics.exposition(of: try leafd.snapshot(), tags: try leafd.statsOfAllTags())
    }

    private func write(_ metrics: Exposition) throws {
        if let file { return try MetricsFile.replace(file, with: metrics.text) }
        let output = StandardOutput()
        output.text(metrics.text)
        try output.flush()
    }
}
