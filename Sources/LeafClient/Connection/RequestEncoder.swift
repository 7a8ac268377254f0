/// Writes commands as RESP arrays of bulk strings: the form in which a word may hold any byte.
enum RequestEncoder {
    static func bytes(of commands: [[String]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for words in commands {
            precondition(!words.isEmpty, "a command has at least its name")
            header("*", words.count, &bytes)
            for word in words {
                header("$", word.utf8.count, &bytes)
                bytes.append(contentsOf: word.utf8)
                bytes.append(contentsOf: [13, 10])
            }
        }
        return bytes
    }

    private static func header(_ type: Character, _ count: Int, _ bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\(type)\(count)\r\n".utf8)
    }
}
