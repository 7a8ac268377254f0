import Foundation
import GRDB
import LeafStore

extension StoreError {
    /// Translates whatever came out of SQLite while `action` was done.
    ///
    /// Everything but a lock or a constraint ends the session: the next one looks at file and schema afresh, and then
    /// says what is wrong with them.
    static func fromSQLite(_ error: any Error, path: String, action: String) -> StoreError {
        if let error = error as? StoreError { return error }
        guard let error = error as? DatabaseError else {
            return StoreError(
                .unavailable, "central store \(path): \(action) failed: \(error)", cause: error, isSessionLost: true)
        }
        let verdict = Verdict(error, path: path)
        return StoreError(
            verdict.code, "central store \(path): \(action) failed: \(verdict.text) (SQLite: \(error.text))",
            cause: error, isSessionLost: !verdict.keepsSession)
    }
}

extension DatabaseError {
    /// Another connection holds the lock that was asked for.
    var isBusy: Bool { resultCode == .SQLITE_BUSY || resultCode == .SQLITE_LOCKED }

    /// SQLite's own words, with the extended code that its documentation lists.
    fileprivate var text: String { "\(message ?? "no message"), code \(extendedResultCode.rawValue)" }
}

/// What a result code of SQLite means for the store.
private struct Verdict {
    let code: StoreError.Code
    let text: String
    var keepsSession = false

    init(_ error: DatabaseError, path: String) {
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            (code, text) = (.transient, "another writer holds the file for too long; see who has it open")
            keepsSession = true
        case .SQLITE_READONLY where error.extendedResultCode == .SQLITE_READONLY_DBMOVED:
            (code, text) = (.missing, "the file has been moved away; put the same file back")
        case .SQLITE_READONLY:
            (code, text) = (
                .readOnly, "the file, its folder or the file system is read-only for uid \(geteuid()); make it writable"
            )
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            (code, text) = (
                .corrupt,
                "the file is damaged or no SQLite database; restore it from a backup, then run leafctl bump --all"
            )
        case .SQLITE_FULL:
            (code, text) = (.unavailable, "the file system is full; make room")
        case .SQLITE_CANTOPEN:
            (code, text) = StoreFile.openingProblem(path)
        case .SQLITE_CONSTRAINT:
            (code, text) = (.misconfigured, "a constraint or trigger of the table refuses; remove it")
            keepsSession = true
        case .SQLITE_ERROR where error.message?.hasPrefix("no such table") == true:
            (code, text) = (.missing, "a table that was there is gone; restore it")
        case .SQLITE_ERROR, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_MISMATCH:
            (code, text) = (.misconfigured, "the table is not what leafd needs; compare it with the documented schema")
        case .SQLITE_IOERR:
            (code, text) = (.unavailable, "the disk reports an error; look into the kernel's log")
        default:
            (code, text) = (.unavailable, "SQLite cannot do it now")
        }
    }
}
