/// Finds what somebody may have meant by a name that does not exist.
enum Nearest {
    /// The candidate with the fewest typing errors, if they are few enough to be typing errors; else one that is
    /// longer: `warning` for `warn`.
    static func name(to misspelt: String, in candidates: [String]) -> String? {
        let limit = max(1, misspelt.count / 3)
        let measured = candidates.map { (name: $0, distance: distance(folded(misspelt), folded($0))) }
        guard let best = measured.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        if best.distance <= min(limit, best.name.count - 1) { return best.name }
        return misspelt.count >= 3 ? candidates.first { $0.hasPrefix(misspelt.lowercased()) } : nil
    }

    /// Without case, dashes and underscores: `maxStep` and `max_step` are `max-step`.
    private static func folded(_ name: String) -> [Character] {
        name.lowercased().filter { $0 != "-" && $0 != "_" }
    }

    /// The Levenshtein distance, where a swap of neighbours counts as one (optimal string alignment).
    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var row = [i + 1]
            for (j, y) in b.enumerated() {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (x == y ? 0 : 1))
                if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
