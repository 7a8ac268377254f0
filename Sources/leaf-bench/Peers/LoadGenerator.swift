private import Foundation

/// redis-benchmark: one thread, which sends the next request of a connection when the last one is answered.
struct LoadGenerator {
    /// What one run of it gave.
    struct Sample: Sendable {
        var requestsPerSecond: Double
        var p50Microseconds: Double
        var p99Microseconds: Double
        /// Of the steps of redis-benchmark's table, the first that covers 99.9 % of all requests.
        var p999Microseconds: Double
        /// Of the server, on all its threads; the kernel's work for it is in it.
        var serverMicrosecondsPerRequest = 0.0
        /// The generator's own use of a processor core, 0…1. Near 1 it is the limit, not the server.
        var generatorUse = 0.0
    }

    let folder: WorkFolder

    /// Runs it once.
    ///
    /// - Parameters:
    ///   - command: what is sent, as `["INCR", "orders"]`.
    ///   - requests: how many, at least.
    ///   - idsPerRequest: by how much one request moves the tag's counter.
    func run(
        _ command: [String], at point: LoadPoint, on server: RunningPeer, requests: Int, idsPerRequest: Int = 1
    ) throws -> Sample {
        if point.isOnOneCore { try Cores.pin(server.pid, to: Cores.last) }
        defer { if point.isOnOneCore { try? Cores.unpin(server.pid) } }
        let before = try server.increment()
        let load = try applied(command, at: point, on: server, requests: requests)
        // It may send some more than it was told to.
        let answered = Int(try server.increment() - before - 1) / idsPerRequest
        guard answered >= requests else {
            throw Problem(
                "\(server.peer.title) counted \(answered) requests of \(requests) at \(point.description): "
                    + "some were answered by errors")
        }
        var sample = try LoadGenerator.sample(load.text)
        // Of a very short run it says that infinitely many are answered in a second.
        if !sample.requestsPerSecond.isFinite { sample.requestsPerSecond = Double(answered) / load.elapsed.inSeconds }
        sample.serverMicrosecondsPerRequest = load.serverTime.inMicroseconds / Double(answered)
        sample.generatorUse = load.generatorTime.inSeconds / load.elapsed.inSeconds
        return sample
    }

    private struct Load {
        /// What it printed.
        var text: String
        var elapsed: Duration
        var serverTime: Duration
        var generatorTime: Duration
    }

    private func applied(
        _ command: [String], at point: LoadPoint, on server: RunningPeer, requests: Int
    ) throws -> Load {
        let output = folder.file("load")
        let arguments = [
            "-s", server.socketPath, "-n", String(requests), "-c", String(point.clients), "-P", String(point.pipeline),
            "--precision", "3",
        ]
        for attempt in 1... {
            try TextFile.write("", to: output)
            let serverBefore = try ProcessFigures.processorTime(of: server.pid)
            let start = ContinuousClock.now
            let program = try Program(
                RedisProgram.benchmark(), arguments + command, core: point.isOnOneCore ? Cores.last : nil,
                output: output,
                errors: output)
            var generatorTime: Duration?
            let exit = program.wait { generatorTime = try? ProcessFigures.processorTime(of: program.pid) }
            let elapsed = ContinuousClock.now - start
            let text = TextFile.text(output)
            // Its clients connect all at once, and it gives up where the server's queue of connections is full.
            if exit == .code(1), text.contains("Resource temporarily unavailable"), attempt < 10 {
                Progress.say("peers: \(server.peer.title) refused one of \(point.clients) connections; once more")
                continue
            }
            guard exit == .code(0), !text.contains("rror from server") else {
                throw Problem(
                    "redis-benchmark on \(server.peer.title), \(point.description), ended with \(exit): \(text)")
            }
            let serverTime = try ProcessFigures.processorTime(of: server.pid) - serverBefore
            return Load(
                text: text, elapsed: elapsed, serverTime: serverTime, generatorTime: generatorTime ?? .zero)
        }
        preconditionFailure("the last attempt returns or throws")
    }

    /// Reads what redis-benchmark 7 prints: the rate and the percentiles.
    static func sample(_ text: String) throws -> Sample {
        // Progress is written over with carriage returns, which Swift would take for half of a line's end.
        let bytes = text.utf8.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        let lines = bytes.map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespaces) }
        guard let throughput = lines.first(where: { $0.hasPrefix("throughput summary:") })?.split(separator: " ")[2],
            let requestsPerSecond = Double(throughput)
        else { throw Problem("redis-benchmark's output has no throughput: \(text)") }
        // Under its headings: avg, min, p50, p95, p99, max.
        let heading = lines.firstIndex { $0.hasPrefix("avg") && $0.hasSuffix("max") }
        let summary = heading.flatMap { $0 + 1 < lines.count ? lines[$0 + 1].split(separator: " ") : nil } ?? []
        let steps = lines.compactMap(step)
        // A line's own percentage will not do: lines are left out where one value covers several of them.
        guard summary.count == 6, let p50 = Double(summary[2]), let p99 = Double(summary[4]),
            let all = steps.map(\.count).max(),
            let p999 = steps.first(where: { Double($0.count) >= 0.999 * Double(all) })?.milliseconds
        else { throw Problem("redis-benchmark's output has no percentiles: \(text)") }
        return Sample(
            requestsPerSecond: requestsPerSecond, p50Microseconds: p50 * 1000, p99Microseconds: p99 * 1000,
            p999Microseconds: p999 * 1000)
    }

    /// "99.902% <= 1.039 milliseconds (cumulative count 19981)"
    private static func step(_ line: String) -> (milliseconds: Double, count: Int)? {
        let words = line.split(separator: " ")
        guard words.count == 7, words[1] == "<=", let milliseconds = Double(words[2]),
            let count = Int(words[6].dropLast())
        else { return nil }
        return (milliseconds, count)
    }
}
