internal import CMariaDB
internal import LeafStore
internal import LeafStoreSQL

/// An error as the server or libmariadb reports it.
struct ServerError: Error, Hashable, Sendable {
    let number: Int
    let state: String
    let text: String

    init(number: Int, state: String, text: String) {
        self.number = number
        self.state = state
        self.text = text
    }

    init(_ handle: UnsafeMutablePointer<MYSQL>) {
        self.init(
            number: Int(mysql_errno(handle)), state: String(cString: mysql_sqlstate(handle)),
            text: String(cString: mysql_error(handle)))
    }

    /// Of a prepared statement, or of the connection where that is what has gone.
    init(of statement: UnsafeMutablePointer<MYSQL_STMT>, on handle: UnsafeMutablePointer<MYSQL>) {
        let number = mysql_stmt_errno(statement)
        if (number == 0 || number == UInt32(CR_STMT_CLOSED)) && mysql_errno(handle) != 0 {
            self.init(handle)
        } else {
            self.init(
                number: Int(number), state: String(cString: mysql_stmt_sqlstate(statement)),
                text: String(cString: mysql_stmt_error(statement)))
        }
    }

    /// - Parameter action: what was being done: "running UPDATE …".
    func storeError(_ action: String, _ place: MySQLPlace, tls: TLSPolicy? = nil) -> StoreError {
        let rule = ErrorRule.of(self)
        let advice = number == Int(CR_SSL_CONNECTION_ERROR) ? tlsAdvice(place, tls) : rule.advice.text(place)
        return StoreError(
            rule.code, "\(place.text): \(action): \(text) (error \(number), \(state)); \(advice)", cause: self,
            isSessionLost: rule.isLost)
    }

    /// OpenSSL says what was wrong, but not in which of our settings.
    private func tlsAdvice(_ place: MySQLPlace, _ tls: TLSPolicy?) -> String {
        if text.contains("Validation of SSL server certificate failed") {
            return
                "the certificate is for other names than \(place.host): use a name that it holds in store.url, or issue it anew"
        }
        if text.contains("does not support it") {
            return
                "the server offers no TLS, and store.tls is \(tls?.rawValue ?? "on"): switch TLS on there (ssl_cert, ssl_key), or "
                + "set store.tls: disabled"
        }
        if text.contains("certificate") {
            return
                "the certificate was not issued by \(place.caFile.map { "store.ca-file \($0)" } ?? "an authority this system knows"): "
                + "name the right one in store.ca-file"
        }
        return
            "look at the server's certificate and TLS versions, at store.ca-file and store.tls (\(tls?.rawValue ?? "on"))"
    }
}
