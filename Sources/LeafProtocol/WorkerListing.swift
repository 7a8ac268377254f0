/// Who holds a worker id: one row of the reply to `WORKERS`, and an object of `leafctl workers --json`.
package struct WorkerListing: StatsJSON {
    package var worker: Int64
    /// Raised by one at each change of holder.
    package var generation: Int64
    /// The agent id of the daemon that holds it; empty: released.
    package var holder: String
    /// The machine that it belongs to by configuration; empty: leased.
    package var machine: String
    /// The name of the holder's host.
    package var host: String
    /// The last time that may be stamped with it, in milliseconds since 1970.
    package var lastTime: Int64
    package var state: State

    /// How it stands with a worker id, as the daemon that was asked sees it.
    package struct State: RawRepresentable, Hashable, Sendable, Codable {
        package let rawValue: String

        /// Any text: a newer daemon may know more states than this one.
        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The daemon that was asked holds it.
        package static let mine = State(rawValue: "mine")
        /// Another one does.
        package static let held = State(rawValue: "held")
        /// Its time is over, and nobody stamps with it.
        package static let over = State(rawValue: "over")
        /// An operator has taken it from its holder.
        package static let released = State(rawValue: "released")
    }

    package init(
        worker: Int64, generation: Int64, holder: String, machine: String, host: String, lastTime: Int64, state: State
    ) {
        self.worker = worker
        self.generation = generation
        self.holder = holder
        self.machine = machine
        self.host = host
        self.lastTime = lastTime
        self.state = state
    }

    /// `[worker, generation, holder, machine, host, ts_hi_ms, state]`
    package func write(to replies: ReplyBuffer) {
        replies.arrayHead(7)
        replies.integer(worker)
        replies.integer(generation)
        replies.bulk(holder)
        replies.bulk(machine)
        replies.bulk(host)
        replies.integer(lastTime)
        replies.bulk(state.rawValue)
    }

    private enum CodingKeys: String, CodingKey {
        case worker, generation, holder, machine, host, state
        case lastTime = "ts_hi_ms"
    }
}
