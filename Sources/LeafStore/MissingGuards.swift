/// What is not guarded against where a database lacks leafd's own tables.
package enum MissingGuards {
    /// A line for each table that is missing, for HEALTH.
    package static func lines(hasState: Bool, hasAgents: Bool) -> [String] {
        var lines: [String] = []
        if !hasState {
            lines.append(
                "leafd_state is missing: nothing tells this store from another or from a copy of it, counters that "
                    + "went backward are not lifted by themselves, and no tag can be dropped or get a MAX")
        }
        if !hasAgents {
            lines.append(
                "leafd_agent is missing: a second daemon on a copy of this one's memory or journal is not noticed, and "
                    + "of a database that went backward only what the floors of this host show, or another server")
        }
        return lines
    }
}
