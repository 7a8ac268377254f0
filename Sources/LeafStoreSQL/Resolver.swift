private import Glibc
package import LeafCore
package import LeafStore
private import LeafThreads

/// Turns a host's name into addresses, within a deadline: getaddrinfo knows none, and asks a dead name server for half a minute.
package enum Resolver {
    /// - Parameter deadline: up to then; the thread that asks is left behind, and ends when the system lets it.
    /// - Returns: numeric addresses, in the system's order of preference; at least one. An address as it is.
    package static func addresses(of host: String, by deadline: MonotonicTime) throws(StoreError) -> [String] {
        let answer = Mailbox<Answer?>(nil)
        _ = DedicatedThread(name: "leafd-resolve") {
            let found = look(up: host)
            answer.post { value in
                value = found
                return true
            }
        }
        let found: Answer? = answer.wait { value, now in
            if let value { return .done(value) }
            return now >= deadline ? .done(nil) : .wait(until: deadline)
        }
        switch found {
        case .addresses(let addresses): return addresses
        case .failure(let text):
            throw StoreError(
                .unavailable,
                "the host \(host) of store.url has no address (\(text)); correct it, or look at the name servers",
                isSessionLost: true)
        case nil:
            throw StoreError(
                .unavailable,
                "the host \(host) of store.url was not resolved within store.connect-timeout; look at the name servers",
                isSessionLost: true)
        }
    }

    private enum Answer: Sendable {
        case addresses([String])
        case failure(String)
    }

    private static func look(up host: String) -> Answer {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else { return .failure(String(cString: gai_strerror(status))) }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let item = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            if getnameinfo(item.pointee.ai_addr, item.pointee.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0 {
                let address = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                if !addresses.contains(address) { addresses.append(address) }
            }
            next = item.pointee.ai_next
        }
        return addresses.isEmpty ? .failure("no address") : .addresses(addresses)
    }
}
