internal import LeafProtocol

/// What a connection may take of what all share: time, in turns (`Turn`), and memory.
extension ConnectionHandler {
    // MARK: Turns

    /// Goes on when others have had their turn, if the client reads; if it does not, when it does.
    func awaitTurn() {
        if hasRead { waitForTurn() }
    }

    func queueUp() {
        isHeavy = false
        state = .clogged
        waitForTurn()
    }

    func waitForTurn() {
        guard !waitsForTurn else { return }
        waitsForTurn = true
        inbox.loop.giveTurn(to: self)
    }

    /// Whether the client has read so much that it may have more.
    var hasRead: Bool { stream.unsentCount <= limits.outputLimitBytes / 4 }

    func takeTurn() {
        waitsForTurn = false
        if stream.unsentCount > 0 { sendRest() }
        if hasRead { goOnAfterTurn() }
        adjustInterest()
    }

    /// Sends what the client has made room for, a turn's worth.
    func sendRest() {
        let before = stream.unsentCount
        guard stream.sendRest(atMost: Turn.bytesSent) else { return close() }
        if stream.unsentCount < before { noteActivity() }
        if state == .finishing, stream.unsentCount == 0 { close() }
        book()
    }

    func goOnAfterTurn() {
        switch state {
        case .replying:
            writePiece()
            process()
        case .clogged:
            state = .ready
            effort = 0
            flushRun()
            let isIdle = replies.isEmpty && input.isEmpty && !transaction.isReplaying && !isInputClosed
            if isIdle, state == .ready { receive() } else { process() }
        default: break
        }
    }

    // MARK: Memory

    /// Charges the memory that this connection holds to its user's account, in whole pages. Whoever wants more than there is
    /// for it is closed.
    @inline(never)
    func book() {
        let all = stream.heldBytes + input.heldBytes + transaction.heldBytes + (longReply?.heldBytes ?? 0)
        mayHold = all > 0 || transaction.isOpen
        let held = all & ~Turn.pageMask
        guard held != bookedBytes, state != .closed else { return }
        let isWithinLimits = client.account.hold(held - bookedBytes, atMost: limits.heldBytes)
        bookedBytes = held
        if !isWithinLimits { close() }
    }
}
