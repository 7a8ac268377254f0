/// Text in columns of a terminal.
enum Columns {
    /// What a table must fit into.
    static let width = 80

    /// How many columns a text takes: East Asian characters and pictures take two, combining marks none.
    static func width(of text: String) -> Int {
        // Most text is ASCII, and a live view measures much of it.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
        return text.reduce(0) { $0 + width(of: $1) }
    }

    /// A text from elsewhere, such as a database's error, without what a terminal would obey instead of showing.
    static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: result.append(" ")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// Shortens a text in the middle, since the beginning and the end tell it apart from others.
    static func fit(_ text: String, _ columns: Int) -> String {
        if width(of: text) <= columns { return text }
        let characters = Array(text)
        var (head, tail) = (0, characters.count)
        var free = columns - 1
        while head < tail {
            let takesHead = head <= characters.count - tail
            let cost = width(of: characters[takesHead ? head : tail - 1])
            guard cost <= free else { break }
            free -= cost
            if takesHead { head += 1 } else { tail -= 1 }
        }
        return String(characters[..<head]) + "…" + String(characters[tail...])
    }

    static func left(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(of: text)))
    }

    static func right(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - width(of: text))) + text
    }

    /// Puts a list behind a label, on as many lines as it needs.
    static func wrapped(_ label: String, _ parts: [String], indent: Int) -> [String] {
        var lines: [String] = []
        var line = left(label, indent)
        var isEmpty = true
        for (index, part) in parts.enumerated() {
            let piece = fit(part, width - indent - 1) + (index + 1 < parts.count ? "," : "")
            if !isEmpty && width(of: line) + 1 + width(of: piece) > width {
                lines.append(line)
                line = String(repeating: " ", count: indent)
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + piece
            isEmpty = false
        }
        return lines + [line]
    }

    /// Sets a sentence on as many lines as it needs, broken at its spaces.
    static func paragraph(_ text: String, indent: Int, columns: Int = width) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = margin
        for word in text.split(separator: " ") {
            let piece = fit(String(word), columns - indent)
            if line != margin && width(of: line) + 1 + width(of: piece) > columns {
                lines.append(line)
                line = margin
            }
            line += (line == margin ? "" : " ") + piece
        }
        return lines + [line]
    }

    private static func width(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default:
            return 1
        }
    }
}
