/// Where the SQL of MySQL and PostgreSQL differs, a fragment each.
enum SQLFlavor: String, Sendable {
    case mysql
    case postgresql

    /// A condition that finds the rows whose `column` has the very bytes of the parameter, by an index on the column.
    ///
    /// MySQL's usual collations take `Orders` for `orders`; to leafd these are two tags.
    func bytes(_ column: String, are parameter: String) -> String {
        switch self {
        case .mysql:
            "\(column) = :\(parameter) AND CAST(CONVERT(\(column) USING utf8mb4) AS BINARY) = CAST(:\(parameter) AS BINARY)"
        case .postgresql: "\(column) = :\(parameter)"
        }
    }

    /// Whether two texts are the same, byte by byte.
    func areSame(_ a: String, _ b: String) -> String {
        switch self {
        case .mysql: "CAST(\(a) AS BINARY) = CAST(\(b) AS BINARY)"
        case .postgresql: "\(a) = \(b)"
        }
    }

    /// The value of `leafd_state` under the name of the parameter, or NULL.
    func state(_ parameter: String) -> String {
        "(SELECT value FROM leafd_state WHERE \(bytes("name", are: parameter)))"
    }

    /// The same as a number for comparisons: one that cannot be read is 0, which lets nothing pass; without a row it is 2^63 − 1.
    func limit(_ parameter: String) -> String {
        let number =
            switch self {
            // What follows the digits would be ignored, with a warning, by CAST.
            case .mysql: "CASE WHEN value REGEXP '^[0-9]{1,18}$' THEN CAST(value AS SIGNED) ELSE 0 END"
            case .postgresql: "CASE WHEN value ~ '^[0-9]{1,18}$' THEN CAST(value AS BIGINT) ELSE 0 END"
            }
        return
            "COALESCE((SELECT \(number) FROM leafd_state WHERE \(bytes("name", are: parameter))), 9223372036854775807)"
    }

    /// Writes a value of `leafd_state` (`:name`, `:value`), whether there was one or not.
    var putState: String {
        let insert = "INSERT INTO leafd_state (name, value) VALUES (:name, :value) "
        return switch self {
        case .mysql: insert + "ON DUPLICATE KEY UPDATE value = :value"
        case .postgresql: insert + "ON CONFLICT (name) DO UPDATE SET value = :value"
        }
    }
}

extension SQLDialect {
    var flavor: SQLFlavor { SQLFlavor(rawValue: kind) ?? .postgresql }
}
