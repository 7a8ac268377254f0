package import LeafStore

extension SQLSession {
    package func claim(_ claim: WorkerClaim) throws(StoreError) -> WorkerClaimResult {
        if let absence = try workersAbsence() { return .unsupported(absence) }
        if let refusal = try SQLWorkers(session: self).refusal(claim) { return refusal }
        return try transaction(agent: claim.agent, isAboutWorkers: true) { () throws(StoreError) in
            try SQLWorkers(session: self).claim(claim)
        }
    }

    package func renew(_ renewals: [WorkerRenewal]) throws(StoreError) -> [WorkerRenewalResult] {
        guard !renewals.isEmpty else { return [] }
        if let absence = try workersAbsence() { return renewals.map { _ in .unsupported(absence) } }
        var agents = Set(renewals.compactMap(\.agent))
        return try transaction(agent: agents.popFirst(), isAboutWorkers: true) { () throws(StoreError) in
            for agent in agents { try requireSettled(agent) }
            return try SQLWorkers(session: self).renew(renewals)
        }
    }

    package func listWorkers() throws(StoreError) -> WorkerList {
        if let absence = try workersAbsence() { throw StoreError(.conflict, absence) }
        _ = try standing(of: nil)
        return try SQLWorkers(session: self).list()
    }

    package func releaseWorker(_ worker: Int) throws(StoreError) -> WorkerRow {
        if let absence = try workersAbsence() { throw StoreError(.conflict, absence) }
        return try transaction(isAboutWorkers: true) { () throws(StoreError) in
            try SQLWorkers(session: self).release(worker)
        }
    }

    /// What keeps worker ids from being given out, and what to do; nil: nothing does.
    ///
    /// - Throws: `.transient` with a lost session if the table has come since.
    private func workersAbsence() throws(StoreError) -> String? {
        guard shape.hasState else {
            return "\(place): the table leafd_state is missing, without which no worker ids are given out; create it "
                + "(Config/schema.\(shape.flavor.rawValue).sql)"
        }
        if let problem = shape.workersProblem { return problem }
        guard try !hasWorkers() else { return nil }
        guard try connection.run(stateSQL.get(WorkerStanding.Name.format)).rows.isEmpty else {
            return
                "\(place): the table leafd_worker is gone (or this user may not read it), and worker ids have been given out "
                + "from it; restore it from a backup, if there is one, then run leafctl bump --all"
        }
        return
            "\(place): the table leafd_worker is missing (or this user may not read it), from which worker ids are given out; "
            + "create it (Config/schema.\(shape.flavor.rawValue).sql)"
    }

    /// Whether there is a `leafd_worker`. One that has come since the session was opened is a reason to open another, which
    /// looks at what it is.
    ///
    /// - Throws: `.misconfigured` if it is unfit and worker ids have been given out from it: a lift must not leave them out.
    func hasWorkers() throws(StoreError) -> Bool {
        if shape.hasWorkers { return true }
        if let problem = shape.workersProblem {
            guard try connection.run(stateSQL.get(WorkerStanding.Name.format)).rows.isEmpty else {
                throw StoreError(.misconfigured, problem)
            }
            return false
        }
        guard try hasOwnTable(SQLWorkers.table) else { return false }
        throw StoreError(
            .transient, "\(place): the table \(SQLWorkers.table) is new; connecting anew to use it", isSessionLost: true
        )
    }
}
