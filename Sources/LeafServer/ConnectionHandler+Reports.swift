internal import LeafCore
internal import LeafEngine
internal import LeafProtocol

/// TAGS, STATS, INFO, HEALTH: worked out on a thread of their own, since there may be a hundred thousand tags.
extension ConnectionHandler {
    func tags() {
        let (engine, grant) = (engine, grant)
        ask(server.inBackground(for: client) { engine.tagNames().filter(grant.allows) }) { [self] tags in
            replies.arrayHead(tags.count)
            write(LongReply(tags))
        }
    }

    /// `STATS [tag]`, `STATS ALL cursor`
    func stats(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        switch arguments.count {
        case 1:
            ask(server.report(for: client) { $0.document().jsonText() }) { [self] in replies.bulk($0) }
        case 2:
            guard let entry = find(arguments.bytes(1, of: bytes)) else { return }
            let engine = engine
            ask(server.inBackground(for: client) { engine.report(on: entry)?.jsonText() }) { [self] text in
                if let text { replies.bulk(text) } else { fail(ErrorReplies.text(.noTag, tag: entry.tag)) }
            }
        default:
            guard isWord(arguments.bytes(1, of: bytes), "all"),
                let cursor = parseInteger(arguments.bytes(2, of: bytes)), cursor >= 0, cursor <= Int32.max
            else { return fail("ERR syntax error: STATS [tag] or STATS ALL cursor, the first cursor being 0") }
            let (engine, pages) = (engine, server.pages)
            ask(server.inBackground(for: client) { pages.page(of: engine, after: Int(cursor)).jsonText() }) { [self] in
                replies.bulk($0)
            }
        }
    }

    func health() {
        let engine = engine
        ask(server.inBackground(for: client, .soon) { engine.health() }) { [self] health in
            switch health {
            case .ok: replies.simple("OK")
            case .degraded(let reason): replies.simple("DEGRADED " + ErrorReplies.singleLine(reason))
            case .unhealthy(let reason): fail("UNHEALTHY " + ErrorReplies.singleLine(reason))
            }
        }
    }

    /// `INFO [section]` in the form of Redis.
    func info(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        var wanted: [String] = []
        for index in 1..<arguments.count {
            wanted.append(String(decoding: arguments.bytes(index, of: bytes), as: UTF8.self).lowercased())
        }
        let sections = wanted
        ask(server.report(for: client) { InfoText($0).text(sections) }) { [self] in replies.bulk($0) }
    }
}
