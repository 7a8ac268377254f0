/// Makes a text that somebody meant as a value fit to be shown: no password, no control characters, not too long.
///
/// Errors quote what they complain about, and a mistyped URL with a password is as secret as a right one. So
/// whatever looks like a URL with a login is cut in doubt.
enum Redaction {
    /// The longest text that is quoted, in characters.
    static let longest = 120

    static func quoted(_ text: String, isURL: Bool = false) -> String {
        let safe = isURL || text.contains("://") ? url(text) : text
        if safe.isEmpty { return "\"\"" }
        var shown = String.UnicodeScalarView()
        for scalar in safe.unicodeScalars.prefix(longest) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: shown.append("\u{FFFD}")
            default: shown.append(scalar)
            }
        }
        return safe.unicodeScalars.count > longest ? "\(String(shown))…" : String(shown)
    }

    /// Cuts whatever could be a password out of a URL, also out of a malformed one.
    static func url(_ text: String) -> String {
        guard let separator = text.firstRange(of: "://") else { return withoutScheme(text) }
        let scheme = text[..<separator.upperBound]
        let rest = text[separator.upperBound...]
        if scheme == "sqlite://" { return text }
        guard let at = rest.lastIndex(of: "@") else {
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            let hosts = authority.split(separator: ",", omittingEmptySubsequences: false)
            let plain = hosts.allSatisfy { StoreURLParser.host($0, port: 1) != nil }
            return plain ? scheme + query(rest) : "\(scheme)\(Secret.mask)"
        }
        let login = rest[..<at]
        let tail = query(rest[at...])
        guard let colon = login.firstIndex(of: ":") else { return scheme + login + tail }
        return "\(scheme)\(login[..<colon]):\(Secret.mask)\(tail)"
    }

    private static func withoutScheme(_ text: String) -> String {
        guard let colon = text.firstIndex(of: ":"), let at = text.lastIndex(of: "@"), colon < at else { return text }
        return "\(text[...colon])\(Secret.mask)\(text[at...])"
    }

    /// Leaves of the parameters only a socket's path.
    private static func query(_ text: Substring) -> String {
        guard let mark = text.firstIndex(of: "?") else { return String(text) }
        let parameters = text[text.index(after: mark)...]
        let isSocket = parameters.hasPrefix("socket=") && !parameters.contains("&")
        return text[...mark] + (isSocket ? String(parameters) : Secret.mask)
    }
}
