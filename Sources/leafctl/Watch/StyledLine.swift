/// A line of a terminal before it is known how wide that is: pieces of text, each with its paint.
///
/// The paint is put on last, so that it counts for no width and is never cut through.
struct StyledLine {
    enum Paint {
        case plain, bold, dim, good, warning, bad
    }

    private var pieces: [(text: String, paint: Paint)] = []

    init() {}

    init(_ text: String, _ paint: Paint = .plain) {
        add(text, paint)
    }

    var width: Int { pieces.reduce(0) { $0 + Columns.width(of: $1.text) } }

    var isBad: Bool { pieces.contains { $0.paint == .bad } }

    /// The same in one pale colour.
    var dimmed: StyledLine {
        var line = StyledLine()
        line.pieces = pieces.map { ($0.text, .dim) }
        return line
    }

    /// What comes from elsewhere is made printable here.
    mutating func add(_ text: String, _ paint: Paint = .plain) {
        pieces.append((Columns.printable(text), paint))
    }

    /// Two spaces, then the text.
    mutating func addApart(_ text: String, _ paint: Paint = .plain) {
        add((pieces.isEmpty ? "" : "  ") + text, paint)
    }

    /// The same for what may be missing: only if the line is then no wider than `columns`.
    mutating func addApart(_ text: String, _ paint: Paint = .plain, within columns: Int) {
        if width + 2 + Columns.width(of: Columns.printable(text)) <= columns { addApart(text, paint) }
    }

    /// The same for a name: shortened in its middle to what room there is; nothing where that is too little to tell it by.
    mutating func addApart(shortened text: String, _ paint: Paint = .plain, within columns: Int) {
        let room = columns - width - 2
        if room >= 12 { addApart(Columns.fit(Columns.printable(text), room), paint) }
    }

    /// Spaces up to a column; none if the line is there already.
    mutating func pad(to column: Int) {
        add(String(repeating: " ", count: max(0, column - width)))
    }

    /// - Parameter columns: the most it may take; what is longer ends in `…`.
    func text(columns: Int, _ style: Style) -> String {
        var left = width <= columns ? columns : columns - 1
        let isCut = left < columns
        var text = ""
        for piece in pieces where left >= 0 {
            let part = Columns.prefix(of: piece.text, columns: left)
            left = part.count < piece.text.count ? -1 : left - Columns.width(of: part)
            if !part.isEmpty { text += painted(part, piece.paint, style) }
        }
        return isCut && columns > 0 ? text + "…" : text
    }

    private func painted(_ text: String, _ paint: Paint, _ style: Style) -> String {
        switch paint {
        case .plain: text
        case .bold: style.bold(text)
        case .dim: style.dim(text)
        case .good: style.good(text)
        case .warning: style.warning(text)
        case .bad: style.bad(text)
        }
    }
}

extension Columns {
    /// How many columns a text takes in which `Style` has put colours.
    static func paintedWidth(of text: String) -> Int {
        var (width, isEscape) = (0, false)
        for character in text {
            if isEscape {
                isEscape = character != "m"
            } else if character == "\u{1B}" {
                isEscape = true
            } else {
                width += self.width(of: String(character))
            }
        }
        return width
    }

    /// The beginning of a text, as much as fits.
    static func prefix(of text: String, columns: Int) -> String {
        if width(of: text) <= columns { return text }
        var left = columns
        var result = ""
        for character in text {
            left -= width(of: String(character))
            if left < 0 { break }
            result.append(character)
        }
        return result
    }
}
