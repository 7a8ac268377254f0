/// Where the central store is (`store.url`). Its description shows no password.
package enum StoreURL: Hashable, Sendable, CustomStringConvertible {
    /// `sqlite:///var/lib/leafd/central.sqlite`, or relative to the working folder: `sqlite://.leafd/central.sqlite`.
    case sqlite(path: String)
    case mysql(StoreServer)
    case postgresql(StoreServer)

    /// The server's part, if the store is one.
    package var server: StoreServer? {
        switch self {
        case .sqlite: nil
        case .mysql(let server), .postgresql(let server): server
        }
    }

    /// The URL in its canonical form, with every port written out and `***` for the password.
    package var description: String {
        switch self {
        case .sqlite(let path): "sqlite://\(Percent.encode(path))"
        case .mysql(let server): "mysql://\(server)"
        case .postgresql(let server): "postgresql://\(server)"
        }
    }
}

/// A database server: who logs in where.
package struct StoreServer: Hashable, Sendable, CustomStringConvertible {
    /// One address to try.
    package struct Host: Hashable, Sendable, CustomStringConvertible {
        /// A name, an IPv4 address, or an IPv6 address without its brackets.
        package var name: String
        package var port: Int

        package init(name: String, port: Int) {
            self.name = name
            self.port = port
        }

        package var description: String { name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)" }
    }

    package var user: String
    /// The password, where the URL has one; `store.password-file` is the better place.
    package var password: Secret?
    /// To be tried in turn. Empty exactly when there is a `socket`.
    package var hosts: [Host]
    package var database: String
    /// The path of a Unix socket, instead of hosts.
    package var socket: String?

    package init(user: String, password: Secret? = nil, hosts: [Host], database: String, socket: String? = nil) {
        self.user = user
        self.password = password
        self.hosts = hosts
        self.database = database
        self.socket = socket
    }

    package var description: String {
        let login = Percent.encode(user, keep: "") + (password == nil ? "" : ":\(Secret.mask)")
        let addresses = hosts.map(\.description).joined(separator: ",")
        let query = socket.map { "?socket=\(Percent.encode($0))" } ?? ""
        return "\(login)@\(addresses)/\(Percent.encode(database, keep: ""))\(query)"
    }
}

/// RFC 3986 percent-encoding, over UTF-8.
enum Percent {
    /// Encodes all but RFC 3986's unreserved characters and those of `keep`.
    static func encode(_ text: String, keep: String = "/") -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~\(keep)".utf8)
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        var result = ""
        for byte in text.utf8 {
            if plain.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result.append("%")
                result.unicodeScalars.append(digits[Int(byte >> 4)])
                result.unicodeScalars.append(digits[Int(byte & 15)])
            }
        }
        return result
    }

    /// Decodes; nil where a `%` is not followed by two hexadecimal digits, or the bytes are no UTF-8.
    static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(nibble), let low = rest.popFirst().flatMap(nibble) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        Character(Unicode.Scalar(digit)).hexDigitValue.map(UInt8.init)
    }
}
