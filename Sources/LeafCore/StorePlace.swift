/// Where counters are: a database, and a table in it.
///
/// Two tables of one database are two sets of counters, though the database has one identity.
package struct StorePlace: Hashable, Sendable, CustomStringConvertible {
    /// Without password; empty: none yet.
    package var url: String
    package var table: String

    package init(url: String, table: String) {
        self.url = url
        self.table = table
    }

    package static let none = StorePlace(url: "", table: "")

    package var description: String { "\(url), table \(table)" }
}
