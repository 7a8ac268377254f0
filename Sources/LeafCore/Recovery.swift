/// What a start may do with the stock it finds in the journal.
package struct Recovery: Hashable, Sendable {
    /// How sure it is that nobody else issues from this journal, and that it reads the newest commit. In STATS as
    /// `started_from`.
    package enum Confidence: String, Hashable, Sendable {
        /// The same boot of the same machine, the same file.
        case proven
        /// There was no journal.
        case fresh
        /// A reboot, a copy, a restored or moved journal.
        case unproven
    }

    package enum StockUse: Hashable, Sendable {
        /// Go on at once, from `hi`.
        case serve
        /// Go on, and give the rest up as soon as the store answers.
        case serveUntilStoreAnswers
        /// Issue nothing until the store has confirmed that it is the one the stock was leased from.
        case withholdUntilConfirmed
        /// Give it up: only the floors are kept.
        case giveUp
    }

    package enum AfterReboot: String, Hashable, Sendable {
        case serve
        case wait
    }

    package let confidence: Confidence
    package let use: StockUse
    /// Where to go on in each record.
    package let resume: TagStock.Resume
    /// For the log: what was found.
    package let reason: String

    /// Decides.
    ///
    /// - Parameters:
    ///   - header: the journal's own; nil for a journal just made.
    ///   - host: this machine and boot, and the file as it lies here now.
    ///   - storePlace: the configured one.
    package static func decide(
        header: JournalHeader?, host: HostIdentity, storePlace: StorePlace, afterReboot: AfterReboot
    ) -> Recovery {
        guard let header else { return Recovery(.fresh, .giveUp, "no journal was found") }
        let found = header.host
        // What cannot be read proves nothing.
        guard found.machineID == host.machineID, !host.machineID.isEmpty else {
            return Recovery(
                .unproven, .giveUp,
                "the journal was written on another machine (machine-id '\(found.machineID)', here '\(host.machineID)')"
            )
        }
        let isSameBoot = found.bootID == host.bootID && !host.bootID.isEmpty
        let isSameFileSystem = isSameBoot ? found.device == host.device : found.fileSystemID == host.fileSystemID
        guard found.inode == host.inode, isSameFileSystem else {
            return Recovery(
                .unproven, .giveUp,
                "the journal is another file than the one that was written (inode \(found.inode) on device \(found.device), "
                    + "now \(host.inode) on \(host.device)): a copy, or restored")
        }
        let isSameStore = header.storePlace == .none || header.storePlace == storePlace
        guard isSameBoot else {
            return Recovery(
                .unproven, afterReboot == .serve && isSameStore ? .serveUntilStoreAnswers : .giveUp,
                "the host has booted since the journal was written", resume: .hiPlusCap)
        }
        guard isSameStore else {
            return Recovery(
                header.isUnconfirmed ? .unproven : .proven, .withholdUntilConfirmed,
                "the configured store is \(storePlace); the stock was leased from \(header.storePlace)")
        }
        guard !header.isUnconfirmed else {
            return Recovery(
                .unproven, .serveUntilStoreAnswers, "the store has not answered since an earlier start without proof")
        }
        return Recovery(.proven, .serve, "the same boot of the same machine, the same file")
    }

    private init(_ confidence: Confidence, _ use: StockUse, _ reason: String, resume: TagStock.Resume = .hi) {
        self.confidence = confidence
        self.use = use
        self.reason = reason
        self.resume = resume
    }

    /// The header that the first commit of this start writes: whose the journal is now, and what of it is valid.
    package func header(from header: JournalHeader, host: HostIdentity) -> JournalHeader {
        var new = header
        new.host = host
        new.isClean = false
        switch use {
        case .serve, .withholdUntilConfirmed: break
        case .serveUntilStoreAnswers: new.isUnconfirmed = true
        case .giveUp:
            new.epoch += 1
            // Until the store has answered, the next start is without proof as well, and goes on under no old name.
            new.isUnconfirmed = confidence != .fresh
        }
        return new
    }
}
