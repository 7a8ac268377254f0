internal import LeafCore
internal import LeafStore

/// What happens on a new connection before it becomes a session: is the table there and fit, which store is it, may it be made?
struct StoreOpening {
    let dialect: any SQLDialect
    let connection: any SQLConnection
    let traits: ServerTraits
    let table: TableName
    /// For errors.
    let place: String
    /// The identity where the database holds none.
    let derivedID: StoreID
    let defaultStep: Int64
    /// What makes `leafd_worker` unfit, as an opening before has found: it is left alone. Tags are leased all the same.
    var workersProblem: String?

    enum Creation {
        /// What is missing is not made.
        case off
        case on
        /// It could not be made: the text is shown, and leafd does without.
        case refused(String)
    }

    /// - Parameters:
    ///   - isFirst: this host has never had a store at this place.
    ///   - creation: of what is missing then.
    mutating func session(
        knownStore: StoreID?, isFirst: Bool, _ creation: Creation
    ) throws(StoreError) -> SQLSession {
        let found = try dialect.inspect(table, connection)
        let hadState = try hasState()
        if found == nil, hadState { try requireNeverThere() }
        if case .on = creation, isFirst {
            for text in dialect.schema(table) { _ = try connection.run(SQLStatement(text)) }
        }
        let columns: TableShape?
        if let found { columns = found } else { columns = try dialect.inspect(table, connection) }
        guard let columns else {
            throw StoreError(
                .missing,
                "\(place): there is no table \(table.text)"
                    + (isFirst
                        ? "; create it (Config/schema.\(dialect.kind).sql), correct store.table, or set store.create-schema: true for a first start"
                        : ", and this host has leased from it: restore it from a backup, then run leafctl bump --all"),
                isSessionLost: true)
        }
        var traits = traits
        if case .refused(let text) = creation {
            traits.warnings.append("leafd's own tables could not be created: \(text)")
        }
        var shape = SessionShape(
            flavor: dialect.flavor, table: dialect.quoted(table), tableName: table.text, columns: columns,
            traits: traits,
            hasState: try hasState(), hasAgents: try dialect.hasOwnTable("leafd_agent", connection),
            hasWorkers: try hasWorkers(), workersProblem: workersProblem)
        let storeID = try identify(shape, knownStore: knownStore, isFirst: isFirst, isTableNew: found == nil)
        if case .on = creation, shape.hasState, !shape.hasWorkers, workersProblem == nil {
            shape.hasWorkers = try makeWorkers()
        }
        return SQLSession(
            connection: connection, shape: shape, storeID: storeID, defaultStep: defaultStep, place: place,
            hasOwnTable: { [dialect, connection] name throws(StoreError) in
                try dialect.hasOwnTable(name, connection)
            })
    }

    private func hasState() throws(StoreError) -> Bool { try dialect.hasOwnTable("leafd_state", connection) }

    /// - Throws: what makes it unfit, which is in `workersProblem` then; finding that out may have cost the connection.
    private mutating func hasWorkers() throws(StoreError) -> Bool {
        guard workersProblem == nil else { return false }
        do throws(StoreError) {
            return try dialect.hasOwnTable(SQLWorkers.table, connection)
        } catch {
            if error.code == .misconfigured { workersProblem = error.message }
            throw error
        }
    }

    /// Makes the table of the worker ids, also in a store that the journal knows: it may be an earlier leafd's. One that has
    /// been used and is gone now is not made anew: the same worker ids would be given out again.
    private mutating func makeWorkers() throws(StoreError) -> Bool {
        guard try state(WorkerStanding.Name.format) == nil else { return false }
        _ = try connection.run(SQLStatement(dialect.workerSchema))
        return try hasWorkers()
    }

    /// Throws if the table has been there: then it has been lost, and its counters with it.
    private func requireNeverThere() throws(StoreError) {
        let names = StateNames(table: table.text)
        guard try state(names.server) != nil else { return }
        throw StoreError(
            .missing,
            "\(place): the table \(table.text) is gone, and leafd_state knows it: restore it from a backup, then run "
                + "leafctl bump --all", isSessionLost: true)
    }

    private func state(_ name: String) throws(StoreError) -> String? {
        let text = SQLText(
            "SELECT value FROM leafd_state WHERE \(dialect.flavor.bytes("name", are: "name"))", returnsRows: true)
        return try connection.run(SQLStatement(text, ["name": .text(name)])).rows.first?.first?.text
    }

    /// Finds out which store this is, and whether it is the one that the journal knows.
    ///
    /// Only a store that no journal knows is given an identity: a known one that has lost it has lost its counters too.
    private func identify(
        _ shape: SessionShape, knownStore: StoreID?, isFirst: Bool, isTableNew: Bool
    ) throws(StoreError) -> StoreID {
        guard shape.hasState else {
            guard let knownStore, knownStore != derivedID else { return derivedID }
            throw StoreError(
                .missing,
                "\(place): leafd_state is gone (or this user may not read it), which held the identity \(knownStore); restore it",
                isSessionLost: true)
        }
        if isFirst { try makeIdentity(shape, isTableNew: isTableNew) }
        guard let text = try state(StateNames.storeID) else {
            throw StoreError(
                .missing, "\(place): leafd_state holds no store_id; restore it from a backup", isSessionLost: true)
        }
        guard let found = StoreID(text) else {
            throw StoreError(
                .corrupt, "\(place): store_id in leafd_state is not 32 hexadecimal digits; restore the row",
                isSessionLost: true)
        }
        guard let knownStore, found != knownStore else { return found }
        throw StoreError(
            .foreignStore,
            "\(place): this is store \(found), the journal's stock comes from \(knownStore); correct store.url, or restore the "
                + "right database", isSessionLost: true)
    }

    /// Gives the store an identity, unless it has one, together with the record of which server it is on: so that the one is
    /// never lost without the other. A second table that was just made gets its own record.
    private func makeIdentity(_ shape: SessionShape, isTableNew: Bool) throws(StoreError) {
        let hasIdentity = try state(StateNames.storeID) != nil
        guard !hasIdentity || isTableNew else { return }
        let sql = StateSQL(shape)
        try connection.begin()
        do throws(StoreError) {
            _ = try connection.run(sql.put(shape.names.turn, StoreID.random().text))
            let isMissing = try state(StateNames.storeID) == nil
            if isMissing { _ = try connection.run(sql.put(StateNames.storeID, StoreID.random().text)) }
            let server = try connection.run(sql.standing(of: "")).rows.first?[2].text
            let recorded = try state(shape.names.server)
            if isMissing || recorded == nil {
                _ = try connection.run(sql.put(shape.names.server, server ?? "none"))
            }
            guard try connection.commit() else {
                throw StoreError(
                    .unavailable, "\(place): the commit of a store_id was not acknowledged", isSessionLost: true)
            }
        } catch {
            if error.isSessionLost { connection.close() } else { connection.rollback() }
            throw error
        }
    }
}
