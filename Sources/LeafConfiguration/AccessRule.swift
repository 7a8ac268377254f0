internal import LeafCore

/// Who may use which tags: one subject, and the patterns of the tags it may use.
///
/// Rules only allow. Where there is any rule, a client may use a tag if some rule for its user or one of its groups
/// has a pattern that matches.
package struct AccessRule: Hashable, Sendable {
    /// Whom a rule is about. Names are looked up by the daemon, which knows the host's users.
    package enum Subject: Hashable, Sendable {
        case uid(UInt32)
        case gid(UInt32)
        case user(String)
        case group(String)
    }

    package var subject: Subject
    package var tags: [TagPattern]

    package init(_ subject: Subject, tags: [TagPattern]) {
        self.subject = subject
        self.tags = tags
    }

    /// As it stands in a file.
    var text: String {
        let who =
            switch subject {
            case .uid(let id): "uid: \(id)"
            case .gid(let id): "gid: \(id)"
            case .user(let name): "user: \(YAMLText.flow(name))"
            case .group(let name): "group: \(YAMLText.flow(name))"
            }
        return "{\(who), tags: [\(tags.map { YAMLText.flow($0.text) }.joined(separator: ", "))]}"
    }
}

/// A name with wildcards: `*` is any run of characters, also none, and `?` is exactly one.
package struct TagPattern: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// Whether the whole name matches. Takes time of name × pattern at worst, whatever the pattern.
    package func matches(_ name: String) -> Bool {
        let pattern = Array(text.unicodeScalars)
        let name = Array(name.unicodeScalars)
        var p = 0
        var n = 0
        // Where to go on after a mismatch: behind the last star, with the star one character longer.
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == "*" {
                star = (p + 1, n)
                p += 1
            } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                p = last.pattern
                n = last.name + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}

extension Kind where Value == [AccessRule] {
    /// `[{uid | gid | user | group, tags: [patterns]}]`, at most 1,000 of them.
    static let accessRules = Kind(
        type: "list of rules",
        range: "at most 1000",
        isFileOnly: true,
        read: { input, problems in
            guard let items = input.items(atMost: 1000, of: "{user: …, tags: […]}", &problems) else { return nil }
            let rules = items.map { rule($0, &problems) }
            return rules.contains(nil) ? nil : rules.compactMap { $0 }
        },
        write: { rules in "[\(rules.map(\.text).joined(separator: ", "))]" }
    )

    private static let subjects = ["uid", "gid", "user", "group"]

    private static func rule(_ input: Input, _ problems: inout [Problem]) -> AccessRule? {
        let before = problems.count
        guard let fields = Fields(input, subjects + ["tags"], &problems) else { return nil }
        let tags = fields.required("tags", Kind<[TagPattern]>.list(of: .pattern, atMost: 1000), &problems)
        if let tags, tags.isEmpty {
            problems.append(input.problem("allows no tag", "give at least one pattern, or remove the rule"))
        }
        let uid = fields.optional("uid", .userID, &problems).map(AccessRule.Subject.uid)
        let gid = fields.optional("gid", .userID, &problems).map(AccessRule.Subject.gid)
        let user = fields.optional("user", .name, &problems).map(AccessRule.Subject.user)
        let group = fields.optional("group", .name, &problems).map(AccessRule.Subject.group)
        let given = subjects.filter { fields[$0] != nil }
        if given.count != 1 {
            let what = given.isEmpty ? "names nobody" : "names \(given.joined(separator: " and "))"
            problems.append(input.problem(what, "give exactly one of uid, gid, user, group in each rule"))
        }
        guard problems.count == before, let tags, let subject = uid ?? gid ?? user ?? group else { return nil }
        return AccessRule(subject, tags: tags)
    }
}

extension Kind where Value == TagPattern {
    /// A tag's name with wildcards: it obeys the rules of tags itself.
    static let pattern = Kind.scalar("pattern", range: "1–128 bytes", write: { YAMLText.flow($0.text) }) {
        text throws(Rejection) in
        do {
            _ = try Tag(text)
        } catch {
            throw Rejection("is no pattern of tags", "\(error); * and ? are wildcards")
        }
        return TagPattern(text)
    }
}
