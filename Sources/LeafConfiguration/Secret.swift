/// A password. It cannot be printed by accident: only `reveal()` gives it.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The password itself, for the call that logs in.
    package func reveal() -> String { text }

    /// What stands for every password in errors, logs and dumps.
    package static let mask = "***"

    package var description: String { Secret.mask }
    package var debugDescription: String { Secret.mask }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
