import LeafStore
import LeafStoreSQL
import Testing

@testable import LeafStoreMySQL

@Suite("What follows from an error of the server")
struct ErrorRuleTests {
    let place = MySQLPlace(.tcp(host: "db1", port: 3306), user: "leaf", database: "ids")

    static let table: [(number: Int, state: String, text: String, code: StoreError.Code, isLost: Bool)] = [
        (1213, "40001", "Deadlock found when trying to get lock", .transient, false),
        (1205, "HY000", "Lock wait timeout exceeded", .transient, false),
        (1615, "HY000", "Prepared statement needs to be re-prepared", .transient, false),
        (1020, "HY000", "Record has changed since last read", .transient, false),
        (1180, "HY000", "Got error 149 \"Lock deadlock; Retry transaction\" during COMMIT", .transient, false),
        (1180, "HY000", "Got error 5 \"Input/output error\" during COMMIT", .unavailable, true),
        (1243, "HY000", "Unknown prepared statement handler", .transient, true),
        (1290, "HY000", "running with the --read-only option", .readOnly, true),
        (1792, "25006", "Cannot execute statement in a READ ONLY transaction", .readOnly, true),
        (1836, "HY000", "Running in read-only mode", .readOnly, true),
        (1209, "HY000", "The server is read only", .readOnly, true),
        (1047, "08S01", "WSREP has not yet prepared node for application use", .unavailable, true),
        (1040, "08004", "Too many connections", .unavailable, true),
        (1203, "42000", "User leaf already has more than 'max_user_connections'", .unavailable, true),
        (1053, "08S01", "Server shutdown in progress", .unavailable, true),
        (1927, "70100", "Connection was killed", .unavailable, true),
        (1317, "70100", "Query execution was interrupted", .unavailable, true),
        (1969, "70100", "Query execution was interrupted (max_statement_time exceeded)", .unavailable, true),
        (3024, "HY000", "maximum statement execution time exceeded", .unavailable, true),
        (1021, "HY000", "Disk full", .unavailable, true), (1114, "HY000", "The table is full", .unavailable, true),
        (2002, "HY000", "Can't connect to local server", .unavailable, true),
        (2003, "HY000", "Can't connect to server", .unavailable, true),
        (2006, "HY000", "Server has gone away", .unavailable, true),
        (2013, "HY000", "Lost connection to server during query", .unavailable, true),
        (2014, "HY000", "Commands out of sync", .unavailable, true),
        (2055, "HY000", "Lost connection to server", .unavailable, true),
        (1129, "HY000", "Host is blocked because of many connection errors", .unavailable, true),
        (1130, "HY000", "Host is not allowed to connect", .misconfigured, true),
        (1045, "28000", "Access denied for user", .misconfigured, true),
        (1698, "28000", "Access denied for user", .misconfigured, true),
        (1044, "42000", "Access denied for user to database", .misconfigured, true),
        (1049, "42000", "Unknown database", .misconfigured, true),
        (1142, "42000", "UPDATE command denied", .misconfigured, true),
        (1143, "42000", "UPDATE command denied for column", .misconfigured, true),
        (1227, "42000", "you need the SUPER privilege", .misconfigured, true),
        (2026, "HY000", "TLS/SSL error: certificate verify failed", .misconfigured, true),
        (2026, "HY000", "TLS/SSL error: unexpected eof while reading", .unavailable, true),
        (2026, "HY000", "TLS/SSL error: Connection reset by peer (104)", .unavailable, true),
        (2059, "HY000", "Plugin could not be loaded", .misconfigured, true),
        (1251, "08004", "Client does not support authentication protocol", .misconfigured, true),
        (1524, "HY000", "Plugin is not loaded", .misconfigured, true),
        (1146, "42S02", "Table doesn't exist", .missing, true),
        (1062, "23000", "Duplicate entry", .tagExists, false),
        (1644, "45000", "not on a Friday", .conflict, false),
        (1369, "44000", "CHECK OPTION failed", .conflict, false), (3819, "HY000", "Check constraint", .conflict, false),
        (4025, "23000", "CONSTRAINT failed", .conflict, false), (1048, "23000", "cannot be null", .conflict, false),
        (1264, "22003", "Out of range value", .conflict, false),
        (1690, "22003", "BIGINT value is out of range", .conflict, false),
        (1366, "22007", "Incorrect integer value", .conflict, false),
        (1406, "22001", "Data too long", .conflict, false),
        (1267, "HY000", "Illegal mix of collations", .conflict, false),
        // Not in the table: by the class of the SQLSTATE.
        (9001, "40001", "?", .transient, false), (9002, "23000", "?", .conflict, false),
        (9003, "42000", "?", .misconfigured, true),
        (9004, "HY000", "?", .unavailable, true),
    ]

    @Test(arguments: table.indices)
    func `each has its code, and ends the session where its transaction's fate is not known`(index: Int) {
        let line = Self.table[index]
        let error = ServerError(number: line.number, state: line.state, text: line.text).storeError("leasing", place)
        #expect(error.code == line.code && error.isSessionLost == line.isLost)
        #expect(
            error.message.hasPrefix("central store mysql://db1:3306/ids: leasing: \(line.text) (error \(line.number), ")
        )
        #expect(error.message.split(separator: "); ").count == 2, "nothing is said about what to do: \(error.message)")
        #expect(error.cause is ServerError)
    }

    static let names: [(number: Int, state: String, words: [String])] = [
        (1045, "28000", ["the user leaf", "password"]), (1142, "42000", ["GRANT", "`ids`", "leaf"]),
        (1049, "42000", ["database ids"]),
        (2005, "HY000", ["store.url"]), (1040, "08004", ["max_connections", "store.max-open"]),
        (1146, "42S02", ["store.table"]),
    ]

    @Test(arguments: names.indices)
    func `it names what is to be put right`(index: Int) {
        let line = Self.names[index]
        let message = ServerError(number: line.number, state: line.state, text: "?").storeError("connecting", place)
            .message
        for word in line.words { #expect(message.contains(word)) }
    }
}
