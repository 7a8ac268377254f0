internal import LeafCore

extension Kind where Value == Bool {
    /// `true` or `false`, and none of YAML's other words for them.
    static let boolean = Kind.scalar("boolean", range: "true, false", write: { $0 ? "true" : "false" }) {
        text throws(Rejection) in
        switch text {
        case "true": return true
        case "false": return false
        default: throw Rejection("is no boolean", "write true or false")
        }
    }
}

extension Kind where Value == String {
    /// Any text on one line, of at most so many characters.
    static func string(_ longest: Int) -> Kind {
        .scalar("text", range: "at most \(longest) characters", write: YAMLText.flow) { text throws(Rejection) in
            try checkPrintable(text)
            let count = text.unicodeScalars.count
            guard count <= longest else {
                throw Rejection("has \(count) characters", "shorten it to at most \(longest)")
            }
            return text
        }
    }

    /// A user's or a group's name.
    static let name = Kind.scalar("name", range: "1–256 bytes", write: YAMLText.flow) { text throws(Rejection) in
        try checkPrintable(text)
        guard (1...256).contains(text.utf8.count), !text.contains(" "), !text.contains(":") else {
            throw Rejection("is no name of a user or group", "write it as it stands in /etc/passwd or /etc/group")
        }
        return text
    }

    /// A path, absolute or relative to the daemon's working folder.
    ///
    /// - Parameter longest: in bytes; 107 for a socket, whose address has 108 with the final NUL (unix(7)).
    static func path(_ longest: Int) -> Kind {
        .scalar("path", range: "at most \(longest) bytes", write: YAMLText.flow) { text throws(Rejection) in
            try checkPrintable(text)
            guard !text.isEmpty else { throw Rejection("is an empty path", "name a file or folder") }
            guard !text.hasPrefix("~") else { throw Rejection("begins with ~, which is not expanded", "write it out") }
            guard text.utf8.count <= longest else {
                throw Rejection("has \(text.utf8.count) bytes", "choose a path of at most \(longest) bytes")
            }
            return text
        }
    }

    /// A table's name. It is put into SQL as it is, hence so narrow; 63 is PostgreSQL's limit.
    static let table = Kind.scalar("name", range: "1–63 of a–z A–Z 0–9 _", write: YAMLText.flow) {
        text throws(Rejection) in
        let isName = text.utf8.allSatisfy { byte in
            let character = Character(Unicode.Scalar(byte))
            return character.isASCII && (character.isLetter || character.isNumber || character == "_")
        }
        guard isName, (1...63).contains(text.utf8.count), text.first?.isNumber == false else {
            throw Rejection(
                "is no plain table name",
                "use 1 to 63 ASCII letters, digits and _, a letter or _ first; the database belongs into store.url")
        }
        return text
    }

    private static func checkPrintable(_ text: String) throws(Rejection) {
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw Rejection("contains a control character", "remove it")
        }
    }
}

extension Kind where Value == Tag {
    static let tag = Kind.scalar("tag", range: "1–128 bytes", write: { YAMLText.flow($0.name) }) {
        text throws(Rejection) in
        do throws(TagError) {
            return try Tag(text)
        } catch {
            throw Rejection("is no tag", "\(error)")
        }
    }
}

/// Writes a text so that YAML reads it back as the same text.
enum YAMLText {
    /// Plain where that is safe also within `[…]` and `{…}`, else in double quotes.
    static func flow(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            let character = Character(Unicode.Scalar(byte))
            return character.isASCII && (character.isLetter || character.isNumber || "._/-".contains(character))
        }
        let isWord = text.first.map { $0.isLetter || $0 == "/" || $0 == "." } ?? false
        if isPlain, isWord, text.lowercased() != "null" { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
