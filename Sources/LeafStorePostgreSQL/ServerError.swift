import CPostgres

/// An error, a warning or a notice, as PostgreSQL's protocol has it.
struct ServerError: Error, Hashable, Sendable {
    /// Five characters; empty where libpq itself speaks, such as of a connection that broke.
    var sqlState = ""
    /// Never translated: ERROR, FATAL, PANIC, WARNING, NOTICE … Empty where libpq itself speaks.
    var severity = ""
    /// The message with its detail and hint, in one line.
    var text: String
    /// The function of the server's source that raised it. Unlike the message it is not translated.
    var function = ""
    /// The schema of the object that it is about.
    var schema = ""

    init(sqlState: String = "", text: String, function: String = "", schema: String = "") {
        self.sqlState = sqlState
        self.text = text
        self.function = function
        self.schema = schema
    }

    init(of result: OpaquePointer?) {
        // The codes of postgres_ext.h, whose macros Swift does not see.
        func field(_ code: Unicode.Scalar) -> String? {
            PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
        }
        sqlState = field("C") ?? ""
        severity = field("V") ?? ""
        function = field("R") ?? ""
        schema = field("s") ?? ""
        let parts = [field("M") ?? String(cString: PQresultErrorMessage(result)), field("D"), field("H")]
        text = parts.compactMap { $0 }.joined(separator: "; ").onOneLine
    }

    /// The server ends the connection with it.
    var isFatal: Bool { severity == "FATAL" || severity == "PANIC" }

    /// The server's words with the code that its documentation lists.
    var shown: String { sqlState.isEmpty ? text : "\(text), SQLSTATE \(sqlState)" }
}

extension String {
    /// Lines joined by "; ", and no other control characters: what a server says ends up in one line of a log.
    var onOneLine: String {
        let lines = split(whereSeparator: \.isNewline).map { line in
            line.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
        }
        return String(
            lines.filter { !$0.isEmpty }.joined(separator: "; ").unicodeScalars.map { scalar in
                scalar.properties.generalCategory == .control ? " " : Character(scalar)
            })
    }
}
