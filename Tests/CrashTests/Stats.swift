import Foundation
import LeafClient
import LeafTestKit

/// Some of what STATS tells.
struct Stats: Decodable, Sendable {
    struct Journal: Decodable, Sendable {
        let commits: Int
        let failures: Int
    }

    let journal: Journal
    /// `proven`, `fresh` or `unproven`.
    let startedFrom: String?

    init(_ daemon: LeafDaemon) throws {
        guard let text = try daemon.ask("STATS").text else { throw TestProblem("STATS is no text") }
        self = try SnakeCase.decoder.decode(Stats.self, from: Data(text.utf8))
    }
}

/// JSON whose keys are like_this.
enum SnakeCase {
    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}
