import LeafClient

/// Gets IDs of the tag `orders` in each way that there is, and prints them one a line.
///
///     swift run orders            asks the leafd at $LEAFD_SOCKET, or at /run/leafd/leafd.sock
@main
struct Orders {
    static func main() async throws {
        let client = LeafClient()

        // One ID, and a few at once.
        print(try await client.next("orders"))
        for id in try await client.next("orders", count: 3) { print(id) }

        // From code that is not asynchronous.
        print(try client.blocking.next("orders"))

        // Many tasks share the one connection.
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<10 { group.addTask { try await client.next("orders") } }
            for try await id in group { print(id) }
        }

        // Out of memory. What is left in the pool at the end is a gap.
        let pool = try IDPool("orders", client: client)
        for _ in 0..<1000 { print(try await pool.next()) }

        // An error says what to do.
        do {
            print(try await client.next("no-such-tag"))
        } catch let error as LeafClientError where error.code == .rejected(prefix: "NOTAG") {
            print("as expected:", error)
        }
    }
}
