private import Glibc

/// Says on standard error how far a long run has come, and how long the rest will take if it goes on like that.
struct Progress {
    private let name: String
    private let steps: Int
    private var done = 0
    private let start = ContinuousClock.now

    /// - Parameter steps: how many calls of `step` there will be, of about the same length each.
    init(_ name: String, steps: Int) {
        self.name = name
        self.steps = steps
    }

    /// A step begins: "round 2 of 5: leafd, pipeline 16, 50 clients".
    mutating func step(_ what: String) {
        let elapsed = (ContinuousClock.now - start).inSeconds
        let left = done > 0 ? elapsed / Double(done) * Double(max(0, steps - done)) : nil
        done += 1
        Progress.say("\(name): \(done)/\(steps) \(what)\(left.map { ", about \(Progress.text($0)) left" } ?? "")")
    }

    /// One line on standard error.
    static func say(_ line: String) {
        let bytes = Array("leaf-bench \(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func text(_ seconds: Double) -> String {
        seconds < 90 ? "\(Int(seconds.rounded(.up))) s" : "\(Int((seconds / 60).rounded(.up))) min"
    }
}
