import Foundation
import LeafClient
import LeafTestKit

/// Some of what STATS tells.
struct Stats: Decodable, Sendable {
    struct Store: Decodable, Sendable {
        let up: Bool?
        let errors: Int
        let lifts: Int
    }

    struct Tag: Decodable, Sendable {
        let tag: String
        let stock: Int64
        let failed: Int
        let segmentLoads: Int
        let loadFailures: Int
        let lost: Int64
    }

    let store: Store
    let tags: [Tag]
    let startedFrom: String?

    init(_ daemon: LeafDaemon) throws {
        guard let text = try daemon.ask("STATS").text else { throw TestProblem("STATS is no text") }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Stats.self, from: Data(text.utf8))
    }

    func tag(_ name: String) throws -> Tag {
        guard let tag = tags.first(where: { $0.tag == name }) else { throw TestProblem("STATS does not have \(name)") }
        return tag
    }
}
