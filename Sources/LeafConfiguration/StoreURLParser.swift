/// Reads `store.url`. No reason it gives quotes a part of the URL that could be a password.
struct StoreURLParser {
    /// The most hosts of one URL: they are tried in turn, each with its own timeout.
    static let mostHosts = 16

    static func parse(_ text: String) throws(Rejection) -> StoreURL {
        guard let separator = text.firstRange(of: "://") else {
            throw Rejection("is not a URL", "write \(examples)")
        }
        let scheme = text[..<separator.lowerBound]
        let rest = text[separator.upperBound...]
        switch scheme {
        case "sqlite": return .sqlite(path: try path(rest))
        case "mysql": return .mysql(try server(rest, scheme: scheme, port: 3306))
        case "postgresql": return .postgresql(try server(rest, scheme: scheme, port: 5432))
        default:
            let other = ["mariadb": "mysql", "postgres": "postgresql", "sqlite3": "sqlite"][scheme.lowercased()]
            let remedy = other.map { "write \($0)://…" } ?? "write \(examples)"
            throw Rejection("names a kind of store that leafd does not know", remedy)
        }
    }

    private static let examples =
        "sqlite:///path, mysql://user@host:3306/database or postgresql://user@host:5432/database"

    private static func path(_ rest: Substring) throws(Rejection) -> String {
        guard !rest.contains("?"), !rest.contains("#") else {
            throw Rejection("has parameters, and SQLite takes none", "write a ? in a path as %3F and a # as %23")
        }
        let path = try decode(rest)
        guard !path.isEmpty else {
            throw Rejection("names no file", "write sqlite:///var/lib/leafd/central.sqlite")
        }
        guard !path.contains(":memory:") else {
            throw Rejection(
                "would forget every counter at the next start, and give IDs out twice",
                "name a file: sqlite:///var/lib/leafd/central.sqlite")
        }
        guard path.utf8.count < 4096 else { throw Rejection("is longer than a path can be (4095 bytes)", "shorten it") }
        return path
    }

    private static func server(_ rest: Substring, scheme: Substring, port: Int) throws(Rejection) -> StoreServer {
        guard let at = rest.lastIndex(of: "@") else {
            throw Rejection("names no user", "write \(scheme)://user@host:\(port)/database")
        }
        let login = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard !login[0].contains("/"), !login[0].contains("@") else {
            throw Rejection("has an @ or / in the user's name", "write @ as %40 and / as %2F")
        }
        let user = try decode(login[0])
        guard !user.isEmpty else { throw Rejection("names no user", "write \(scheme)://user@host:\(port)/database") }
        let password = login.count == 2 ? Secret(try decode(login[1])) : nil

        let behind = rest[rest.index(after: at)...]
        let parts = behind.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let address = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard address.count == 2, !address[1].isEmpty else {
            throw Rejection("names no database", "put it behind the host: \(scheme)://user@host:\(port)/database")
        }
        guard !address[1].contains("/") else {
            throw Rejection("has a / in the name of the database", "write / as %2F, or remove what follows the name")
        }
        let socket = parts.count == 2 ? try socketParameter(parts[1]) : nil
        let hosts = try hosts(address[0], port: port, socket: socket)
        return StoreServer(
            user: user, password: password, hosts: hosts, database: try decode(address[1]), socket: socket)
    }

    private static func hosts(
        _ text: Substring, port: Int, socket: String?
    ) throws(Rejection) -> [StoreServer.Host] {
        if socket != nil {
            guard text.isEmpty || text == "localhost" else {
                throw Rejection("names both hosts and a socket", "leave the host out: user@/database?socket=/path")
            }
            return []
        }
        var hosts: [StoreServer.Host] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let host = host(part, port: port) else {
                throw Rejection(
                    "has no valid host between @ and /",
                    "write host, host:\(port) or [IPv6]:\(port), several separated by commas; "
                        + "in a password write @ as %40, : as %3A, / as %2F and % as %25")
            }
            hosts.append(host)
        }
        guard hosts.count <= mostHosts else {
            throw Rejection("names \(hosts.count) hosts", "give at most \(mostHosts)")
        }
        return hosts
    }

    /// One `name`, `name:port` or `[IPv6]:port`.
    static func host(_ text: Substring, port defaultPort: Int) -> StoreServer.Host? {
        var name = text
        var digits: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            name = text[text.index(after: text.startIndex)..<end]
            let behind = text[text.index(after: end)...]
            guard name.contains(":"), name.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
            guard behind.isEmpty || behind.first == ":" else { return nil }
            digits = behind.isEmpty ? nil : behind.dropFirst()
        } else {
            if let colon = text.firstIndex(of: ":") {
                name = text[..<colon]
                digits = text[text.index(after: colon)...]
            }
            let allowed: (Character) -> Bool = { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
            guard !name.isEmpty, name.utf8.count <= 253, name.allSatisfy(allowed) else { return nil }
        }
        guard let digits else { return StoreServer.Host(name: String(name), port: defaultPort) }
        guard digits.allSatisfy(\.isNumber), let port = Int(digits), (1...65535).contains(port) else { return nil }
        return StoreServer.Host(name: String(name), port: port)
    }

    private static func socketParameter(_ query: Substring) throws(Rejection) -> String {
        let pair = query.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2, pair[0] == "socket", !pair[1].contains("&") else {
            throw Rejection(
                "has parameters that leafd does not know",
                "only ?socket=/path is known; TLS, timeouts and the password have keys of their own in store:")
        }
        let path = try decode(pair[1])
        guard path.hasPrefix("/") else { throw Rejection("has no absolute path as its socket", "write ?socket=/path") }
        return path
    }

    private static func decode(_ text: Substring) throws(Rejection) -> String {
        guard let decoded = Percent.decode(text), !decoded.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw Rejection("has a malformed percent sign", "write two hexadecimal digits behind each %, and % as %25")
        }
        return decoded
    }
}

extension Kind where Value == StoreURL {
    /// The central store's URL; it is shown without its password everywhere.
    static let storeURL = Kind.scalar("URL", range: "sqlite, mysql, postgresql", write: \.description) {
        text throws(Rejection) in try StoreURLParser.parse(text)
    }
}
