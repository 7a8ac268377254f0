import Glibc

/// Carries an attack out, on one thread, with sockets that do not block.
struct Attacker {
    private let attack: Attack
    private let path: String
    private var mine: [Connection] = []
    private(set) var outcome = Outcome()
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)

    private struct Connection {
        var descriptor: Int32 = -1
        /// Of the opening, then of the flood.
        var sent = 0
        var isOpened = false
        var dribbled = 0
        var isAtReplyStart = true
    }

    init(_ attack: Attack, path: String) {
        self.attack = attack
        self.path = path
    }

    /// Works until `isOver`.
    mutating func run(until isOver: () -> Bool) {
        mine = Array(repeating: Connection(), count: attack.connections)
        var next = 0
        var isFirstRound = true
        var dribbleAt = ContinuousClock.now
        while !isOver() {
            var progress = false
            let dribbles = !attack.dribble.isEmpty && ContinuousClock.now >= dribbleAt
            if dribbles { dribbleAt = .now.advanced(by: attack.dribbleInterval) }
            for index in mine.indices {
                if mine[index].descriptor < 0, isFirstRound || attack.reconnects || attack.comesBack {
                    guard open(index) else { continue }
                    progress = attack.reconnects || isFirstRound
                }
                guard mine[index].descriptor >= 0 else { continue }
                if send(index) { progress = true }
                if dribbles { dribble(index) }
                if attack.reads || attack.comesBack, receive(index) { progress = true }
                if attack.reconnects { close(index) }
                next &+= 1
                if next & 63 == 0, isOver() { break }
            }
            isFirstRound = false
            if !progress { wait() }
        }
        outcome.openAtEnd = mine.count { $0.descriptor >= 0 && !isEnded($0.descriptor) }
        for index in mine.indices { close(index) }
    }

    /// Until something can be sent or read, but not for long.
    private func wait() {
        guard mine.count <= 400 else {
            usleep(5000)
            return
        }
        var waited = mine.filter { $0.descriptor >= 0 }.map { connection in
            let wantsToSend = connection.sent > 0 || !connection.isOpened
            return pollfd(
                fd: connection.descriptor,
                events: Int16((attack.reads ? POLLIN : 0) | (wantsToSend ? POLLOUT : 0)), revents: 0)
        }
        poll(&waited, nfds_t(waited.count), 5)
    }

    private mutating func open(_ index: Int) -> Bool {
        let descriptor = UnixSocket.connect(to: path)
        guard descriptor >= 0 else {
            outcome.notConnected += 1
            return false
        }
        outcome.connected += 1
        mine[index] = Connection(descriptor: descriptor)
        return true
    }

    private mutating func close(_ index: Int) {
        if mine[index].descriptor >= 0 { Glibc.close(mine[index].descriptor) }
        mine[index].descriptor = -1
    }

    /// Sends what the daemon takes, a quarter of a MiB at most. Returns whether it took anything.
    private mutating func send(_ index: Int) -> Bool {
        var total = 0
        while total < 1 << 18 {
            let bytes = mine[index].isOpened ? attack.flood : attack.opening
            if bytes.isEmpty {
                guard !mine[index].isOpened else { break }
                open(after: index)
                continue
            }
            let sent = mine[index].sent
            let descriptor = mine[index].descriptor
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress! + sent, min($0.count - sent, 1 << 16),
                    Int32(Glibc.MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            guard count > 0 else {
                if errno != EAGAIN { ended(index) }
                break
            }
            total += count
            outcome.bytesSent += count
            mine[index].sent += count
            guard mine[index].sent == bytes.count else { continue }
            mine[index].sent = 0
            if !mine[index].isOpened { open(after: index) }
        }
        return total > 0
    }

    private mutating func open(after index: Int) {
        mine[index].isOpened = true
        if attack.closesItsSide { shutdown(mine[index].descriptor, Int32(SHUT_WR)) }
    }

    private mutating func dribble(_ index: Int) {
        let connection = mine[index]
        guard connection.descriptor >= 0, connection.isOpened else { return }
        var byte = attack.dribble[connection.dribbled % attack.dribble.count]
        mine[index].dribbled += 1
        let flags = Int32(Glibc.MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        if Glibc.send(connection.descriptor, &byte, 1, flags) < 0, errno != EAGAIN { ended(index) }
    }

    /// Reads once. Returns whether there was anything.
    private mutating func receive(_ index: Int) -> Bool {
        guard mine[index].descriptor >= 0 else { return false }
        let count = recv(mine[index].descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else {
            if count == 0 || errno != EAGAIN { ended(index) }
            return false
        }
        outcome.bytesReceived += count
        if mine[index].isAtReplyStart, buffer[0] == UInt8(ascii: "-") {
            let line = buffer[1..<count].prefix { $0 != 13 }
            outcome.note(error: String(decoding: line.prefix(60), as: UTF8.self))
        }
        mine[index].isAtReplyStart = buffer[count - 1] == 10
        return true
    }

    private mutating func ended(_ index: Int) {
        outcome.closedByDaemon += 1
        close(index)
    }

    private func isEnded(_ descriptor: Int32) -> Bool {
        var one = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&one, 1, 0) > 0 && one.revents & Int16(POLLHUP | POLLERR) != 0
    }
}

/// What became of an attack, as the attacker saw it.
struct Outcome: Codable, Sendable {
    var connected = 0
    var notConnected = 0
    var closedByDaemon = 0
    var openAtEnd = 0
    var bytesSent = 0
    var bytesReceived = 0
    /// How often each error was seen at the start of what one read gave.
    var errors: [String: Int] = [:]

    mutating func note(error: String) {
        guard errors[error] != nil || errors.count < 20 else { return }
        errors[error, default: 0] += 1
    }
}

enum UnixSocket {
    /// A negative number if it does not answer.
    static func connect(to path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return -1 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            room.copyBytes(from: path.utf8.prefix(room.count - 1))
        }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            return -1
        }
        return descriptor
    }
}

/// Raises this process's limit of open files as far as it may.
func raiseFileLimit() {
    var limit = rlimit()
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    getrlimit(files, &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(files, &limit)
}
