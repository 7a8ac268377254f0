private import Foundation
internal import Glibc

/// The monotonic clock in nanoseconds: one call without a system call, nothing to convert.
enum MonotonicClock {
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Waiting for sockets, with nanoseconds for a timeout: by `pselect`, since `ppoll`, `epoll` and `timerfd` are invisible to
/// Swift, and `poll` counts in milliseconds.
struct SocketSet {
    private let descriptors: [Int32]
    private var wantsWriting: [Bool]
    private var readable = fd_set()
    private var writable = fd_set()

    /// As many as an `fd_set` holds.
    static let largestDescriptor: Int32 = 1023

    init(_ sockets: [LoadSocket]) throws {
        descriptors = sockets.map(\.descriptor)
        wantsWriting = sockets.map { _ in false }
        guard descriptors.allSatisfy({ $0 <= SocketSet.largestDescriptor }) else {
            throw Problem("a load has about 1,000 connections at most, not \(sockets.count)")
        }
    }

    /// Also waits until there is room to write, or no more.
    mutating func wantWriting(_ index: Int, _ isWanted: Bool) { wantsWriting[index] = isWanted }

    /// Waits until a socket is ready or the time is over; 0 only looks.
    ///
    /// - Returns: whether any is ready.
    mutating func wait(nanoseconds: Int64) -> Bool {
        readable = fd_set()
        writable = fd_set()
        for (index, descriptor) in descriptors.enumerated() {
            SocketSet.set(descriptor, in: &readable)
            if wantsWriting[index] { SocketSet.set(descriptor, in: &writable) }
        }
        var timeout = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        let ready = pselect(SocketSet.largestDescriptor + 1, &readable, &writable, nil, &timeout, nil)
        if ready > 0 { return true }
        // The sets say nothing then. After a signal it is as if the time were over: the caller looks again.
        (readable, writable) = (fd_set(), fd_set())
        return false
    }

    func isReady(_ index: Int) -> Bool {
        SocketSet.has(descriptors[index], in: readable) || SocketSet.has(descriptors[index], in: writable)
    }

    // `FD_SET` and `FD_ISSET` are macros, which Swift cannot see. The bits lie in words of the machine's own order.

    private static func set(_ descriptor: Int32, in set: inout fd_set) {
        withUnsafeMutableBytes(of: &set) { bytes in
            bytes.withMemoryRebound(to: UInt.self) { $0[Int(descriptor) / 64] |= 1 << UInt(descriptor % 64) }
        }
    }

    private static func has(_ descriptor: Int32, in set: fd_set) -> Bool {
        withUnsafeBytes(of: set) { bytes in
            bytes.withMemoryRebound(to: UInt.self) { $0[Int(descriptor) / 64] & 1 << UInt(descriptor % 64) != 0 }
        }
    }
}

/// How exactly the calling thread's sleeps end: the kernel adds up to 50 µs by default, so as to wake up less often.
enum TimerSlack {
    /// Ends this thread's sleeps as exactly as the kernel can. Where it may not, they stay as they are: the lateness that
    /// is reported shows it.
    static func remove() {
        // "PID/task/TID"
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
        guard let thread = own?.split(separator: "/").last else { return }
        let file = open("/proc/\(thread)/timerslack_ns", O_WRONLY)
        guard file >= 0 else { return }
        _ = write(file, "1", 1)
        close(file)
    }
}
