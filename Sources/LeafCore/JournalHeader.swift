/// What the journal keeps of itself and of the daemon that writes it, renewed with every commit.
package struct JournalHeader: Hashable, Sendable {
    /// Random, made with the journal: 32 hexadecimal digits.
    package var journalID: String
    /// This daemon's name in `leafd_agent`: 32 hexadecimal digits; a new one whenever the stock is given up.
    package var agentID: String
    /// A beat of it that the database acknowledged: the last one, when the header was written; 0: none yet.
    package var agentBeat: Int64
    /// How often counters had been lifted in the store then.
    package var agentLift: Int64
    /// The central store that stock and floors come from; empty: none yet.
    package var storeID: String
    /// Where that was.
    package var storePlace: StorePlace
    package var host: HostIdentity
    /// The stock was sealed and every position is exact.
    package var isClean: Bool
    /// Which stock is valid: raised by one to give all stock up at once.
    package var epoch: UInt64
    /// The stock is served without proof that it is this host's alone, until the store answers.
    package var isUnconfirmed: Bool
    /// The run of the daemon that wrote it.
    package var life: JournalLife

    package init(
        journalID: String, agentID: String, agentBeat: Int64, storeID: String, storePlace: StorePlace,
        host: HostIdentity,
        isClean: Bool, epoch: UInt64, isUnconfirmed: Bool, agentLift: Int64 = 0, life: JournalLife = .none
    ) {
        self.journalID = journalID
        self.agentID = agentID
        self.agentBeat = agentBeat
        self.agentLift = agentLift
        self.life = life
        self.storeID = storeID
        self.storePlace = storePlace
        self.host = host
        self.isClean = isClean
        self.epoch = epoch
        self.isUnconfirmed = isUnconfirmed
    }

    /// The header that gives all stock up: from its commit on nothing journaled before is valid but the floors, and this
    /// daemon goes by new names, so that neither an old witness nor an old row in the store is taken for its own.
    package func startingOver(agentID: String, journalID: String) -> JournalHeader {
        var new = self
        new.journalID = journalID
        new.agentID = agentID
        new.agentBeat = 0
        new.agentLift = 0
        new.epoch += 1
        new.isUnconfirmed = false
        return new
    }
}
