import LeafConfiguration
import Testing

@Suite("The files that explain the keys agree with the code")
struct DocumentationTests {
    /// `section.key: value` of every line that is neither empty nor a comment.
    static func entries(of file: CheckoutFile) -> [String] {
        var section = ""
        var entries: [String] = []
        for line in file.lines {
            let text = line.drop { $0 == " " }
            if text.isEmpty || text.hasPrefix("#") { continue }
            if text.hasSuffix(":"), text.count == line.count {
                section = String(text.dropLast())
            } else {
                entries.append(text.count == line.count ? String(text) : "\(section).\(text)")
            }
        }
        return entries
    }

    @Test("The reference file has every key with its default, in the table's order, and nothing else")
    func reference() throws {
        let expected = Key.all.map { "\($0.name): \($0.defaultText)" }
        #expect(try Self.entries(of: CheckoutFile("Config/leafd.yaml")) == expected)
    }

    @Test("The reference file loads as the default, without a warning")
    func referenceLoads() throws {
        let loaded = try Configuration.load(file: CheckoutFile("Config/leafd.yaml").path)
        #expect(loaded.configuration == Configuration())
        #expect(loaded.warnings == [])
    }

    @Test("The reference file marks exactly the keys that SIGHUP applies")
    func referenceMarks() throws {
        var marked: [String] = []
        var comment = ""
        for line in try CheckoutFile("Config/leafd.yaml").lines {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("#") {
                comment += text
            } else {
                // The head of the file explains the mark itself.
                if comment.contains("(reload)"), !text.isEmpty { marked.append(String(text.prefix { $0 != ":" })) }
                comment = ""
            }
        }
        #expect(marked == Key.all.filter(\.isReloadable).map(\.shortName))
    }

    @Test("The development file keeps everything under .leafd/ and creates two tags")
    func development() throws {
        let loaded = try Configuration.load(file: CheckoutFile("Config/leafd.dev.yaml").path)
        #expect(loaded.warnings == [])
        #expect(loaded.configuration.socket.path == ".leafd/run/leafd.sock")
        #expect(loaded.configuration.journal.path == ".leafd/journal")
        #expect(loaded.configuration.store.url == .sqlite(path: ".leafd/central.sqlite"))
        #expect(loaded.configuration.segments.tags.map(\.text) == ["orders", "users"])
    }

    @Test("The operators' page has a row for each key, with type, default, values and reload, and no other")
    func page() throws {
        let rows = try CheckoutFile("Docs/Configuration.md").lines.filter {
            $0.hasSuffix("| reload |") || $0.hasSuffix("| restart |")
        }
        let expected = Key.all.map { key in
            let applied = key.isReloadable ? "reload" : "restart"
            return "| `\(key.name)` | \(key.type) | `\(key.defaultText)` | \(key.range) | \(applied) |"
        }
        #expect(rows == expected)
    }

    @Test("The YAML examples of the operators' page load")
    func examples() throws {
        var examples = [""]
        for line in try CheckoutFile("Docs/Configuration.md").lines {
            if line.hasPrefix("    ") {
                examples[examples.count - 1] += line.dropFirst(4) + "\n"
            } else if examples.last != "" {
                examples.append("")
            }
        }
        let files = examples.filter { $0.split(separator: "\n").first?.hasSuffix(":") ?? false }
        #expect(files.count == 3)
        for file in files { #expect(problems(file) == []) }
    }
}

extension TagDefinition {
    fileprivate var text: String { "\(name)" }
}
