internal import CMariaDB
internal import LeafStore

/// What follows from an error of MySQL, MariaDB or libmariadb: one line for each.
struct ErrorRule: Sendable {
    let code: StoreError.Code
    /// The session is of no use afterwards, or the state of its transaction is unknown.
    let isLost: Bool
    let advice: Advice

    /// What to do, in words.
    enum Advice: Sendable {
        case plain(String)
        case grant
        case login
        case database

        func text(_ place: MySQLPlace) -> String {
            switch self {
            case .plain(let text): text
            case .grant:
                "GRANT SELECT, INSERT, UPDATE, DELETE ON `\(place.database)`.* TO the user \(place.user), or on the tables named in "
                    + "the documentation"
            case .login:
                "correct the user \(place.user), its password or the hosts it may come from; where the server wants TLS, set store.tls"
            case .database:
                "create the database \(place.database), let the user \(place.user) into it, or correct store.url"
            }
        }
    }

    private static let again: ErrorRule = kept(.transient, "leafd tries again by itself")
    private static let waits: ErrorRule = lost(.unavailable, "leafd tries again by itself; look at the server")

    private static func kept(_ code: StoreError.Code, _ advice: String) -> ErrorRule {
        ErrorRule(code: code, isLost: false, advice: .plain(advice))
    }

    private static func lost(_ code: StoreError.Code, _ advice: String) -> ErrorRule {
        ErrorRule(code: code, isLost: true, advice: .plain(advice))
    }

    private static func lost(_ code: StoreError.Code, _ advice: Advice) -> ErrorRule {
        ErrorRule(code: code, isLost: true, advice: advice)
    }

    static func of(_ error: ServerError) -> ErrorRule {
        // ER_ERROR_DURING_COMMIT carries the engine's reason in its text.
        if error.number == 1180, error.text.contains("eadlock") { return again }
        // A handshake that somebody ended: OpenSSL's words, or an error number of the system ("Connection reset by peer (104)").
        if error.number == 2026, error.text.contains("eof") || error.text.hasSuffix(")") { return waits }
        // The number of the system's error is in the text.
        if [2002, 2003].contains(error.number), error.text.contains("(111)") || error.text.contains("(2)") {
            return nobody
        }
        if error.number == 2013, error.text.contains("initial communication packet") { return stranger }
        return byNumber[error.number] ?? byState(error)
    }

    private static let nobody: ErrorRule = lost(
        .unavailable, "nobody listens there: start the server, or correct host and port (or the socket) in store.url")
    private static let stranger: ErrorRule = lost(
        .unavailable, "is that a MySQL or MariaDB server? Correct host and port in store.url, or look at the server")

    /// MySQL: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html,
    /// MariaDB: https://mariadb.com/kb/en/mariadb-error-code-reference/ .
    private static let byNumber: [Int: ErrorRule] = {
        var rules: [Int: ErrorRule] = [:]
        func add(_ numbers: [Int], _ rule: ErrorRule) {
            for number in numbers { rules[number] = rule }
        }
        // Deadlock (Galera: certification), lock wait, record has changed, prepare anew.
        add([1213, 1205, 1020, 1615, 1614, 1613], again)
        // Refused by a replica, by read_only, by a read-only transaction, while upgrading, on the way to becoming a replica.
        add(
            [1290, 1792, 1836, 1209, 1223, 1874],
            lost(.readOnly, "the server takes no writes (a replica, read_only): name the one that does in store.url"))
        // Galera: not ready. Shutting down, killed, timed out, out of connections, memory or disk.
        add(
            [1047],
            lost(
                .unavailable,
                "this node is not in the cluster's primary part: mend the cluster, or name its other nodes in store.url"
            ))
        add(
            [1040, 1203, 1226],
            lost(.unavailable, "raise max_connections (max_user_connections) there, or lower store.max-open"))
        add([1021, 1114], lost(.unavailable, "free disk space on the server"))
        add([1053, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927, 1969, 3024, 3032, 3168, 4031], waits)
        add([1024, 1026, 1030, 1037, 1041, 1180, 1194, 1195, 1598], waits)
        add(
            [1129],
            lost(
                .unavailable,
                "too many failed connections from this host: run FLUSH HOSTS there and find out why they failed"))
        add([1130], lost(.misconfigured, .login))
        add([1153], lost(.misconfigured, "raise max_allowed_packet there"))
        // Who may do what.
        add([1045, 1698, 1862, 1820, 3118, 4151], lost(.misconfigured, .login))
        add([1044, 1049], lost(.misconfigured, .database))
        add([1142, 1143, 1227, 1370], lost(.misconfigured, .grant))
        add(
            [1251, 1524, 2049, 2059, 2061, 5010],
            lost(.misconfigured, "let the user log in by mysql_native_password, ed25519 or caching_sha2_password"))
        add([3159], lost(.misconfigured, "the server wants TLS: set store.tls: required or verify-full"))
        add(
            [1461],
            lost(.unavailable, "raise max_prepared_stmt_count there"))
        add([1665], lost(.misconfigured, "set binlog_format=ROW there"))
        // The table.
        add([1146, 1932], lost(.missing, "restore the table, or correct store.table"))
        add([1054], lost(.misconfigured, "the table lacks a column: add it, or correct store.table"))
        add([1412, 1243], lost(.transient, "leafd connects anew by itself"))
        add([1062, 1586], kept(.tagExists, "a row with this key is there already"))
        add(
            [1644, 1369, 3819, 4025, 1048, 1264, 1690, 1366, 1364, 1406, 1265, 1292, 1451, 1452],
            kept(.conflict, "the server refuses the values: look at the table's columns, constraints and triggers"))
        add(
            [1267, 1270, 1271],
            kept(
                .conflict, "the text has characters that the column's character set lacks: convert the table to utf8mb4"
            ))
        // libmariadb.
        add([2001, 2002, 2003, 2004, 2006, 2013, 2014, 2027, 2055, 5013, 5014], waits)
        add([2005], lost(.unavailable, "correct the host in store.url, or look at the name servers"))
        add([2012], waits)
        add([2008], lost(.unavailable, "this host is out of memory"))
        add([2007, 2019], lost(.misconfigured, "this server's version is not supported"))
        add([2026], lost(.misconfigured, "look at the certificates"))
        return rules
    }()

    /// Errors that are not in the table, by the class of their SQLSTATE (ISO 9075).
    private static func byState(_ error: ServerError) -> ErrorRule {
        switch error.state.prefix(2) {
        case "40": again
        case "22", "23", "44", "45":
            kept(.conflict, "the server refuses the values: look at the table's columns, constraints and triggers")
        case "28", "42": lost(.misconfigured, "look at the user's privileges and the tables")
        default: waits
        }
    }
}
