internal import LeafCore
internal import LeafStore

/// What a session found when it was opened, and what its statements depend on.
struct SessionShape: Sendable {
    let flavor: SQLFlavor
    /// Quoted.
    let table: String
    let tableName: String
    let columns: TableShape
    let traits: ServerTraits
    let hasState: Bool
    let hasAgents: Bool
    var hasWorkers: Bool
    /// What makes `leafd_worker` unfit; nil: nothing does, or there is none.
    let workersProblem: String?

    /// The names of what `leafd_state` holds for one central table: two tables in one database have tags of the same name.
    var names: StateNames { StateNames(table: tableName) }

    /// SQL that is not 0 for rows whose counter is set back by design.
    var isCleaned: String {
        guard columns.hasAutoClean else { return "0" }
        let number = flavor == .mysql ? "auto_clean" : "CAST(auto_clean AS INTEGER)"
        return "COALESCE(\(number), 0)"
    }

    var missingGuards: [String] {
        MissingGuards.lines(hasState: hasState, hasAgents: hasAgents) + traits.warnings + columns.warnings
    }
}

struct StateNames: Hashable, Sendable {
    static let storeID = "store_id"

    /// The server that the counters were last known good on.
    let server: String
    /// How often they have been lifted.
    let lift: String
    /// Written by each transaction that needs the others to wait.
    let turn: String
    /// Of the last ID that a tag may issue.
    let limitPrefix: String
    /// Of the counter of a dropped tag.
    let tombstonePrefix: String

    init(table: String) {
        server = "server/\(table)"
        lift = "lift/\(table)"
        turn = "turn/\(table)"
        limitPrefix = "max/\(table)/"
        tombstonePrefix = "tombstone/\(table)/"
    }

    func limit(_ tag: Tag) -> String { limitPrefix + tag.name }
    func tombstone(_ tag: Tag) -> String { tombstonePrefix + tag.name }
}
