internal import LeafClient

extension LeafConnection {
    /// Sends a command whose only good answer is `+OK`.
    func expectOK(_ words: [String]) throws {
        let reply = try answer(to: words)
        guard reply == .simple("OK") else { throw LeafClientError.unexpected(reply, to: words[0], from: path) }
    }
}
