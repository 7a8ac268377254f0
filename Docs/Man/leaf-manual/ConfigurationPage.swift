/// The manual page of the configuration, out of the reference file itself, whose comments explain every key.
struct ConfigurationPage {
    private var page: Roff
    /// Comment lines that wait for the key they belong to, without their `#`.
    private var comments: [Comment] = []
    /// Keys that follow each other without a comment between them share the one above.
    private var keys: [String] = []

    private struct Comment {
        let text: String
        /// Columns that the whole line takes in the file.
        let width: Int

        /// An example, to be kept as it is.
        var isVerbatim: Bool { text.hasPrefix("    ") }
    }

    /// A comment that breaks before this column although the next word would fit was broken on purpose.
    private static let wrapColumn = 110

    /// - Parameter tail: as for `CommandPage`.
    static func write(_ file: String, name: String, date: String, source: String, tail: String)
        throws(ManualError) -> String
    {
        var page = ConfigurationPage(page: Roff(title: name, section: 5, date: date, source: source))
        page.page.heading("Name")
        page.page.append("\(Roff.escaped(name)) \\- the configuration of leafd")
        page.page.heading("Description")
        for (index, line) in file.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            try page.take(String(line), number: index + 1)
        }
        page.endKeys()
        page.page.append(tail)
        return page.page.text
    }

    private init(page: Roff) {
        self.page = page
    }

    private mutating func take(_ line: String, number: Int) throws(ManualError) {
        let text = line.trimmingPrefix { $0 == " " }
        let isIndented = line.hasPrefix(" ")
        if text.isEmpty {
            endKeys()
            writeComments()
        } else if text.hasPrefix("#") {
            if !keys.isEmpty { endKeys() }
            let comment = text.dropFirst()
            comments.append(
                Comment(
                    text: String(comment.hasPrefix(" ") ? comment.dropFirst() : comment), width: line.count))
        } else if text.hasSuffix(":"), !isIndented {
            endKeys()
            page.heading(String(text.dropLast()))
            writeComments()
        } else if text.contains(": ") {
            if !isIndented { page.heading(String(text.prefix { $0 != ":" })) }
            keys.append(String(text))
        } else {
            throw ManualError(
                "line \(number) of the configuration is neither a comment, a section nor a key: \(line)")
        }
    }

    /// Writes the keys so far with the comment above them.
    private mutating func endKeys() {
        guard !keys.isEmpty else { return }
        let blocks = takeBlocks()
        page.item(keys.map(Roff.bold)) { blocks.first.map { $0.isVerbatim ? [] : [$0.lines] } ?? [] }
        for (index, block) in blocks.enumerated() where index > 0 || block.isVerbatim {
            page.append(".RS")
            write(block)
            page.append(".RE")
        }
        keys = []
    }

    /// Writes comments that belong to no key.
    private mutating func writeComments() {
        for block in takeBlocks() { write(block) }
    }

    private mutating func write(_ block: Block) {
        if block.isVerbatim { page.verbatim(block.lines) } else { page.paragraph(block.lines) }
    }

    // MARK: Comments

    private struct Block {
        let isVerbatim: Bool
        /// Those that end in a line break were broken on purpose.
        var lines: [String]
    }

    /// The comments that wait, as paragraphs and examples.
    private mutating func takeBlocks() -> [Block] {
        var blocks: [Block] = []
        var isNew = true
        for (index, comment) in comments.enumerated() {
            guard !comment.text.isEmpty else {
                isNew = true
                continue
            }
            if isNew || blocks.last?.isVerbatim != comment.isVerbatim {
                blocks.append(Block(isVerbatim: comment.isVerbatim, lines: []))
                isNew = false
            }
            let next = index + 1 < comments.count ? comments[index + 1] : nil
            blocks[blocks.count - 1].lines.append(
                comment.text + (isBroken(comment, before: next) ? "\n" : ""))
        }
        comments = []
        return blocks
    }

    private func isBroken(_ comment: Comment, before next: Comment?) -> Bool {
        guard let next, !comment.isVerbatim, !next.isVerbatim, !next.text.isEmpty else { return false }
        return comment.width + 1 + next.text.prefix { $0 != " " }.count <= ConfigurationPage.wrapColumn
    }
}
