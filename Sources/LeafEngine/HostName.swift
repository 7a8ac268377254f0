private import Glibc

/// This host's name, for `leafd_agent`; "unknown" if the system does not tell.
func hostName() -> String {
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "unknown" }
    return bytes.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
}
