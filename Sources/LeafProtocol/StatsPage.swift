/// The reply to `STATS ALL cursor`: some of the tags, so that a daemon with a hundred thousand of them answers in pieces.
package struct StatsPage: StatsJSON {
    /// What to ask for the next page with; null on the last one. The first page has the cursor `0`.
    @StatsField package var cursor: String? = nil
    @StatsField package var tags: [TagStats] = []

    package init() {}

    package init(cursor: String?, tags: [TagStats]) {
        self.cursor = cursor
        self.tags = tags
    }
}
