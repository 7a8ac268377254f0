/// A value out of a few words, as they stand in the file.
protocol Choice: RawRepresentable, CaseIterable, Hashable, Sendable where RawValue == String {}

/// Whether the daemon may create its tables (`store.create-schema`).
package enum CreateSchema: String, Choice {
    /// Yes for SQLite, no elsewhere.
    case auto
    case yes = "true"
    case no = "false"
}

/// How a server's identity is checked, to notice a failover (`store.identity`).
package enum StoreIdentity: String, Choice {
    case auto
    /// Not at all.
    case unchecked = "none"
}

/// How the connection to the store is secured (`store.tls`).
package enum TLSMode: String, Choice {
    case disabled
    /// Encrypted where the server offers it; the certificate is not checked.
    case preferred
    /// Encrypted or not at all; the certificate is not checked.
    case required
    /// Encrypted, and the certificate's chain and host name hold.
    case verifyFull = "verify-full"
}

/// What a daemon does that can prove neither itself nor reach the store (`journal.after-reboot`).
package enum AfterReboot: String, Choice {
    /// Goes on above everything that may have been issued.
    case serve
    /// Refuses until the store answers.
    case wait
}

/// The least severe message that is written (`log.level`). The words are swift-log's.
package enum LogLevel: String, Choice {
    case trace, debug, info, notice, warning, error, critical
}

/// The form of the log (`log.format`).
package enum LogFormat: String, Choice {
    /// The journal's native form under systemd, else text.
    case auto
    case text
    case json
}
