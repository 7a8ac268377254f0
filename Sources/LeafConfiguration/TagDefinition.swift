package import LeafCore

/// A tag that is to exist (`segments.tags`): it is created in the store if it is absent, and never altered.
package struct TagDefinition: Hashable, Sendable {
    package var name: Tag
    /// IDs of one lease at first; nil: `segments.default-step`.
    package var step: Int64?
    /// The first ID. At least 1.
    package var start: Int64
    /// The last ID that may be issued, not below `start`.
    package var max: Int64
    package var description: String

    package init(name: Tag, step: Int64? = nil, start: Int64 = 1, max: Int64 = .max, description: String = "") {
        self.name = name
        self.step = step
        self.start = start
        self.max = max
        self.description = description
    }

    /// The largest step that Leaf's own table can hold: `step INT`.
    static let largestStep: Int64 = 0x7FFF_FFFF

    /// The longest description that Leaf's own table can hold: `VARCHAR(256)`.
    static let longestDescription = 256

    /// As it stands in a file, without what is the default.
    var text: String {
        var parts = ["name: \(YAMLText.flow(name.name))"]
        if let step { parts.append("step: \(step)") }
        if start != 1 { parts.append("start: \(start)") }
        if max != .max { parts.append("max: \(max)") }
        if !description.isEmpty { parts.append("description: \(YAMLText.flow(description))") }
        return "{\(parts.joined(separator: ", "))}"
    }
}

extension Kind where Value == [TagDefinition] {
    /// `[{name, step, start, max, description}]`, at most 10,000 of them.
    static let tagDefinitions = Kind(
        type: "list of definitions",
        range: "at most 10000",
        isFileOnly: true,
        read: { input, problems in
            guard let items = input.items(atMost: 10_000, of: "{name: …}", &problems) else { return nil }
            var tags: [TagDefinition] = []
            var seen: Set<Tag> = []
            var complete = true
            for item in items {
                guard let tag = definition(item, &problems) else {
                    complete = false
                    continue
                }
                if !seen.insert(tag.name).inserted {
                    let name = YAMLText.flow(tag.name.name)
                    problems.append(item.problem("defines the tag \(name) a second time", "remove one of the two"))
                    complete = false
                }
                tags.append(tag)
            }
            return complete ? tags : nil
        },
        write: { tags in "[\(tags.map(\.text).joined(separator: ", "))]" }
    )

    private static func definition(_ input: Input, _ problems: inout [Problem]) -> TagDefinition? {
        let before = problems.count
        let known = ["name", "step", "start", "max", "description"]
        guard let fields = Fields(input, known, &problems) else { return nil }
        let name = fields.required("name", .tag, &problems)
        let step = fields.optional("step", Kind<Int64>.integer(1...TagDefinition.largestStep), &problems)
        let start = fields.optional("start", Kind<Int64>.integer(1...Int64.max), &problems) ?? 1
        let max = fields.optional("max", Kind<Int64>.integer(1...Int64.max), &problems) ?? .max
        let description = fields.optional("description", .string(TagDefinition.longestDescription), &problems) ?? ""
        if max < start, problems.count == before, let blamed = fields["max"] ?? fields["start"] {
            problems.append(
                blamed.problem("max (\(max)) must be at least start (\(start))", "raise max or lower start"))
        }
        guard let name, problems.count == before else { return nil }
        return TagDefinition(name: name, step: step, start: start, max: max, description: description)
    }
}
