internal import CLeafPlatform
internal import Glibc

/// The connection of one client in one process, shared by all of its threads and tasks.
///
/// Requests are written by whoever asks: the first one writes, and whoever comes meanwhile only appends. Replies are read,
/// matched in order, and handed out by a thread of the link's own, which also connects, connects again, writes what did not
/// fit, and ends the calls whose time is up.
final class Link: Sendable {
    /// What was made in another process must not be touched: see `leaf_process`.
    let process = leaf_process()
    let path: String
    /// How many calls may be under way at once, those included whose reply nobody waits for any more.
    let callsMax: Int
    let lock: PlainLock<State>

    enum Phase {
        /// Not connected, and nobody needs it.
        case idle
        /// Not connected, and calls wait for it.
        case connecting
        case open
        /// The thread is about to close it.
        case broken
        case closed
    }

    struct State {
        var phase = Phase.idle
        var hasThread = false
        var calls = CallQueue()
        var socket: Int32 = -1
        /// Wakes the thread.
        var event: Int32 = -1
        /// What has been asked for and not been sent.
        var outgoing: [UInt8] = []
        /// An empty array with memory, for the next `outgoing`.
        var spare: [UInt8] = []
        /// Somebody is writing; the socket must not be closed.
        var isWriting = false
        /// There is no room in the socket: the thread goes on writing.
        var isStuck = false
        /// When the thread will look for calls whose time is up.
        var looksAt = UInt64.max
        /// Why there is no connection.
        var lastFailure: LeafClientError?
    }

    init(path: String, callsMax: Int) {
        self.path = path
        self.callsMax = callsMax
        lock = PlainLock(State())
    }

    // MARK: Calls

    private enum Submission {
        case done
        case write
        case refused(any Error)
    }

    /// Sends a call, or keeps it until there is a connection. The waiter hears of it in any case.
    func submit(_ call: Call, _ waiter: Call.Waiter) {
        let submission = lock.with { state in
            do throws(LeafClientError) {
                if call.isCancelled { return Submission.refused(CancellationError()) }
                return try admit(call, waiter, &state)
            } catch {
                return .refused(error)
            }
        }
        switch submission {
        case .done: break
        case .write: write()
        case .refused(let error):
            if case .task(let continuation) = waiter {
                continuation.resume(throwing: error)
            } else if let error = error as? LeafClientError {
                call.finish(waiter, .failure(error))
            }
        }
    }

    private func admit(_ call: Call, _ waiter: Call.Waiter, _ state: inout State) throws(LeafClientError) -> Submission
    {
        if state.phase == .closed { throw .clientClosed(path) }
        if state.calls.count >= callsMax { throw .tooManyRequests(path, callsMax) }
        if !state.hasThread { try startThread(&state) }
        call.waiter = waiter
        state.calls.append(call)
        let isIdle = state.phase == .idle
        if isIdle { state.phase = .connecting }
        if call.deadline < state.looksAt {
            state.looksAt = call.deadline
            wake(&state)
        } else if isIdle {
            wake(&state)
        }
        guard state.phase == .open else { return .done }
        call.request.append(to: &state.outgoing)
        if state.isWriting || state.isStuck { return .done }
        state.isWriting = true
        return .write
    }

    /// Ends a task's wait. Its reply, if one comes, is nobody's.
    func cancel(_ call: Call) {
        let waiter = lock.with { _ in
            call.isCancelled = true
            let waiter = call.waiter
            call.waiter = nil
            return waiter
        }
        if case .task(let continuation)? = waiter { continuation.resume(throwing: CancellationError()) }
    }

    /// Ends everything. Calls under way fail.
    func close() {
        let calls = lock.with { state in
            let calls = state.calls
            state.calls.removeAll()
            state.phase = .closed
            wake(&state)
            return take(calls)
        }
        for (call, waiter) in calls { call.finish(waiter, .failure(.clientClosed(path))) }
    }

    /// Takes the waiters out of calls, under the lock.
    func take(_ calls: CallQueue) -> [(Call, Call.Waiter)] {
        var taken: [(Call, Call.Waiter)] = []
        calls.forEach { call in
            guard let waiter = call.waiter else { return }
            call.waiter = nil
            taken.append((call, waiter))
        }
        return taken
    }

    // MARK: Writing

    /// Writes until nothing is left, or nothing fits. To be called by whoever has set `isWriting`.
    func write() {
        var batch: [UInt8] = []
        while true {
            let socket: Int32? = lock.with { state in
                if state.spare.isEmpty && batch.capacity <= 1 << 20 {
                    batch.removeAll(keepingCapacity: true)
                    swap(&state.spare, &batch)
                }
                guard state.phase == .open, !state.outgoing.isEmpty else {
                    state.isWriting = false
                    return nil
                }
                batch = []
                swap(&batch, &state.spare)
                swap(&batch, &state.outgoing)
                return state.socket
            }
            guard let socket else { return }
            let sent = Link.send(batch, on: socket)
            if sent == batch.count { continue }
            return leaveRest(of: batch, from: sent)
        }
    }

    /// How many bytes fit now. After a failure all: the thread sees it for itself, and the bytes are of no more use.
    private static func send(_ bytes: [UInt8], on socket: Int32) -> Int {
        while true {
            let sent = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(Glibc.MSG_DONTWAIT | Glibc.MSG_NOSIGNAL))
            }
            if sent >= 0 { return sent }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            default: return bytes.count
            }
        }
    }

    private func leaveRest(of batch: [UInt8], from sent: Int) {
        lock.with { state in
            state.outgoing.insert(contentsOf: batch[sent...], at: 0)
            state.isWriting = false
            state.isStuck = true
            wake(&state)
        }
    }

    // MARK: The thread

    /// Makes the thread look at the state anew. Under the lock, so that the descriptor is still its own.
    func wake(_ state: inout State) {
        guard state.event >= 0 else { return }
        var one: UInt64 = 1
        _ = Glibc.write(state.event, &one, 8)
    }

    private func startThread(_ state: inout State) throws(LeafClientError) {
        state.event = leaf_guarded_event()
        guard state.event >= 0 else { throw .noThread(path, -state.event) }
        // Signals are for the program's own threads.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var thread = pthread_t()
        let link = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { argument in
                leaf_name_thread("leaf-client")
                Unmanaged<Link>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, link.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard status == 0 else {
            link.release()
            leaf_guarded_close(state.event)
            state.event = -1
            throw .noThread(path, status)
        }
        pthread_detach(thread)
        state.hasThread = true
    }
}
