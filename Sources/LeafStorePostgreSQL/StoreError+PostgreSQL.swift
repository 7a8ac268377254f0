import LeafStore

extension Peer {
    /// Translates what a server, or libpq, said while `action` was done.
    func error(from error: ServerError, _ action: String) -> StoreError {
        let verdict = Verdict(error, self)
        // A server that ends the connection leaves nothing to go on with, whatever its reason.
        let isSessionLost = error.isFatal || !verdict.keepsSession
        return self.error(
            verdict.code, action, "\(verdict.text) (PostgreSQL: \(error.shown))", isSessionLost: isSessionLost,
            cause: error)
    }
}

/// What a SQLSTATE means for the store. The codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
struct Verdict {
    let code: StoreError.Code
    let text: String
    var keepsSession = false

    private init(_ code: StoreError.Code, _ text: String, keepsSession: Bool = false) {
        self.code = code
        self.text = text
        self.keepsSession = keepsSession
    }

    init(_ error: ServerError, _ peer: Peer) {
        self = Self.exact(error, peer) ?? Self.ofClass(error, peer)
    }

    private static func exact(_ error: ServerError, _ peer: Peer) -> Verdict? {
        switch error.sqlState {
        case "40001", "40P01", "55P03":
            return Verdict(.transient, "another transaction was in the way; leafd tries again", keepsSession: true)
        case "25006":
            return Verdict(
                .readOnly,
                "the server may not be written to: it is a standby (name the primary in store.url), or "
                    + "default_transaction_read_only is on for the user, the database or the server (switch it off)")
        case "55000" where error.function.contains("wal"):
            // pg_current_wal_lsn and pg_walfile_name, which leafd asks which server answers.
            return Verdict(.readOnly, "the server has become a standby; name the primary in store.url")
        case "57P03":
            return Verdict(.unavailable, "the server starts, stops or recovers; wait, and see its log")
        case "57P01", "57P02", "57P05", "25P03":
            return Verdict(.unavailable, "the server or an administrator ended the session; leafd opens another")
        case "57P04", "3D000":
            return Verdict(
                .misconfigured, "there is no database \"\(peer.database)\"; create it, or correct store.url")
        case "57014":
            return Verdict(
                .unavailable, "the statement took too long or was cancelled; look at the server's load and locks")
        case "53100":
            return Verdict(.unavailable, "the server's disk is full; make room")
        case "53300":
            return Verdict(
                .unavailable, "the server has no connection left; raise max_connections, or lower store.max-open")
        case "28P01":
            return Verdict(
                .misconfigured,
                "the password of the user \"\(peer.user)\" is wrong or missing; correct store.password-file or the server"
            )
        case "3F000":
            return Verdict(.misconfigured, "no schema to create in; set the search_path of the user \"\(peer.user)\"")
        case "42501":
            return Verdict(
                .misconfigured, "the user \"\(peer.user)\" lacks a privilege; GRANT what the server's words name",
                // Where it may not create leafd's own tables, it can go on without.
                keepsSession: true)
        case "42P01":
            return Verdict(.missing, "a table that was there is gone; restore it, or set the search_path right")
        case "23505" where error.schema == "pg_catalog":
            // Two sessions that create the same table.
            return Verdict(.transient, "another session did the same at once; leafd tries again", keepsSession: true)
        case "23505":
            return Verdict(.tagExists, "there is such a row already", keepsSession: true)
        case "22P05", "22021":
            return Verdict(.conflict, "the database's encoding has no such character", keepsSession: true)
        case "22003":
            return Verdict(.conflict, "the number does not fit the column", keepsSession: true)
        case "XX001", "XX002":
            return Verdict(
                .corrupt, "the server found damaged data; restore it from a backup, then run leafctl bump --all")
        default:
            return nil
        }
    }

    private static func ofClass(_ error: ServerError, _ peer: Peer) -> Verdict {
        switch error.sqlState.prefix(2) {
        case "28":
            Verdict(
                .misconfigured,
                "the server does not let the user \"\(peer.user)\" in from here; see pg_hba.conf, store.url and store.tls"
            )
        case "22", "23", "44", "P0", "09", "27":
            Verdict(.conflict, "a type, constraint or trigger of the table refuses", keepsSession: true)
        case "42", "0A", "55", "2B", "2F", "34", "38", "39":
            Verdict(
                .misconfigured, "the table or the server is not what leafd needs; compare it with the documented schema"
            )
        case "53":
            Verdict(.unavailable, "the server lacks memory or another resource; see its log")
        case "08", "":
            Verdict(.unavailable, "the connection broke; see whether the server runs and the network holds")
        default:
            Verdict(.unavailable, "the server cannot do it now; see its log")
        }
    }
}
