internal import CLeafPlatform
internal import LeafCore
internal import LeafThreads
private import Glibc

/// Something on an event loop whose descriptor is watched.
protocol Watched: AnyObject {
    /// Called on the loop, whenever the descriptor is ready for what it is watched for, or its peer is gone.
    func isReady(_ readiness: leaf_readiness_t)
    /// The loop ends: the last call.
    func loopEnds()
}

/// One thread that serves many sockets: waits until some are ready, calls those who watch them, and in between does what
/// other threads have handed over and what is due by the clock.
///
/// It never waits for anything else. Everything but `execute` and `stop` is called on its own thread.
final class EventLoop: @unchecked Sendable {
    // @unchecked: `places`, `free`, `timers`, `turns`, `isWoken` and `ready` are touched on `thread` alone; `handedOver` has a lock.
    /// A descriptor's key: its place and how often that has been taken before, so that what the system told of a
    /// descriptor that has just been closed does not reach the next one in its place.
    struct Key: Hashable {
        fileprivate let place: UInt32
        fileprivate let turn: UInt32
        fileprivate var bits: UInt64 { UInt64(turn) << 32 | UInt64(place) }
    }

    private struct Place {
        var watched: (any Watched)?
        var turn: UInt32 = 0
    }

    private struct HandOver {
        var tasks: [@Sendable () -> Void] = []
        var isEnding = false
    }

    private let poller: Int32
    private let wakeup: Int32
    private var places: [Place] = []
    private var free: [UInt32] = []
    private var timers = Timers()
    private var turns = TurnQueue()
    /// When what is being done now became known to the loop.
    private(set) var wokenAt = MonotonicTime.now()
    /// There may be something in `handedOver`.
    private var isWoken = false
    private let ready = UnsafeMutablePointer<leaf_readiness_t>.allocate(capacity: Int(LEAF_POLLER_BATCH))
    private let handedOver = Lock(HandOver())
    private let thread = Lock<DedicatedThread?>(nil)

    private static let wakeupKey = UInt64.max
    /// The most timers that are served before sockets are looked at again: requests that came together time out together.
    private static let timersPerRound = 16

    /// For how long turns are given at the end.
    private static let lastTurns = Duration.seconds(1)

    /// Starts the loop's thread.
    init(name: String) {
        poller = leaf_poller_make()
        wakeup = leaf_wakeup_make()
        precondition(
            poller >= 0 && wakeup >= 0,
            "the system refused what an event loop needs: errors \(-poller) and \(-wakeup) (open files, ulimit -n?)")
        let status = leaf_poller_add(poller, wakeup, EventLoop.wakeupKey, UInt32(LEAF_READ))
        precondition(status == 0, "an event loop cannot be woken: error \(status)")
        thread.with { $0 = DedicatedThread(name: name) { self.run() } }
    }

    deinit {
        close(poller)
        close(wakeup)
        ready.deallocate()
    }

    // MARK: From any thread

    /// Has `task` done on the loop's thread, in the order of the calls; never within the call itself. Dropped once the
    /// loop has been stopped.
    func execute(_ task: @escaping @Sendable () -> Void) {
        let isFirst = handedOver.with { handedOver in
            guard !handedOver.isEnding else { return false }
            handedOver.tasks.append(task)
            return handedOver.tasks.count == 1
        }
        if isFirst { leaf_wakeup_signal(wakeup) }
    }

    /// Ends the loop, after what has been handed over already, and waits for its end. To be called on another thread.
    func stop() {
        handedOver.with { $0.isEnding = true }
        leaf_wakeup_signal(wakeup)
        thread.with { $0.take() }?.join()
    }

    // MARK: Descriptors

    /// Watches a descriptor from now on; nil if the system refuses.
    func watch(_ descriptor: Int32, _ watched: any Watched, for interest: Int) -> Key? {
        let place = free.popLast() ?? UInt32(places.count)
        if place == places.count { places.append(Place()) }
        let key = Key(place: place, turn: places[Int(place)].turn)
        guard leaf_poller_add(poller, descriptor, key.bits, UInt32(interest)) == 0 else {
            free.append(place)
            return nil
        }
        places[Int(place)].watched = watched
        return key
    }

    func change(_ key: Key, _ descriptor: Int32, to interest: Int) {
        let status = leaf_poller_change(poller, descriptor, key.bits, UInt32(interest))
        precondition(status == 0, "a descriptor is watched that is none any more: error \(status)")
    }

    /// Ends the watch before `descriptor` is closed: another process may have the same socket, so that closing it here
    /// would end nothing (systemd keeps the listening ones).
    func unwatch(_ key: Key, shared descriptor: Int32) {
        _ = leaf_poller_remove(poller, descriptor)
        unwatch(key)
    }

    /// The same for a descriptor that nobody else has: it must be closed right afterwards, which ends the system's watch.
    func unwatch(_ key: Key) {
        places[Int(key.place)].watched = nil
        places[Int(key.place)].turn &+= 1
        free.append(key.place)
    }

    var watched: [any Watched] { places.compactMap(\.watched) }

    // MARK: Time

    func schedule(in time: Duration, _ body: @escaping () -> Void) -> Timers.ID {
        timers.add(at: .now().advanced(by: time), body)
    }

    func cancel(_ timer: Timers.ID) { timers.cancel(timer) }

    // MARK: Turns

    /// Calls `taker` once, after those who wait already, with all sockets that are ready in between.
    func giveTurn(to taker: any TakesTurns) { turns.append(taker) }

    // MARK: The loop

    private func run() {
        while true {
            let count = leaf_poller_wait(poller, ready, turns.isEmpty ? untilNextTimer : 0)
            // Blind, it would answer nobody, and say so nowhere.
            precondition(count >= 0, "the system no longer tells which sockets are ready: error \(-count)")
            wokenAt = .now()
            for index in 0..<Int(count) { tell(ready[index]) }
            if timers.next != nil {
                let now = MonotonicTime.now()
                for _ in 0..<EventLoop.timersPerRound {
                    guard let body = timers.take(dueAt: now) else { break }
                    body()
                }
            }
            if isWoken, doTasks() {
                giveLastTurns()
                break
            }
            if !turns.isEmpty { turns.popFirst()?.takeTurn() }
        }
        for watched in watched { watched.loopEnds() }
    }

    /// What was on its way when the end came: answers to requests that waited, and replies in pieces.
    private func giveLastTurns() {
        let end = MonotonicTime.now().advanced(by: EventLoop.lastTurns)
        while !turns.isEmpty, MonotonicTime.now() < end { turns.popFirst()?.takeTurn() }
    }

    /// Does what has been handed over, but not what that hands over itself: sockets have their turn first. Returns whether
    /// the loop is to end.
    private func doTasks() -> Bool {
        isWoken = false
        let (tasks, isEnding) = handedOver.with { handedOver in
            defer { handedOver.tasks = [] }
            return (handedOver.tasks, handedOver.isEnding)
        }
        for task in tasks { task() }
        return isEnding
    }

    /// In nanoseconds; negative: there is none.
    private var untilNextTimer: Int64 {
        guard let next = timers.next else { return -1 }
        return max(0, next.since(.now()).inNanoseconds)
    }

    private func tell(_ readiness: leaf_readiness_t) {
        if readiness.key == EventLoop.wakeupKey {
            isWoken = true
            return leaf_wakeup_clear(wakeup)
        }
        let place = places[Int(UInt32(truncatingIfNeeded: readiness.key))]
        guard place.turn == UInt32(readiness.key >> 32) else { return }
        place.watched?.isReady(readiness)
    }
}
