internal import Glibc

/// A benchmark cannot go on. The message says what happened, to what, and what to do.
struct Problem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// With what the operating system says about an `errno`.
    init(_ description: String, errno number: Int32) {
        self.description = "\(description): \(String(cString: strerror(number)))"
    }
}
