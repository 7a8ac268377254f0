internal import Foundation

/// Reads a configuration file as a whole.
enum FileText {
    static func contents(of path: String) throws(ConfigurationError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw unreadable(path, errno)
            }
            bytes += chunk[..<count]
            guard bytes.count <= YAMLFile.mostBytes else {
                let problem = YAMLFile.whole(
                    path, "is larger than \(SizeText.format(YAMLFile.mostBytes))", "is this the right file?")
                throw ConfigurationError([problem])
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError([YAMLFile.whole(path, "is not UTF-8", "save it as UTF-8")])
        }
        return text
    }

    private static func unreadable(_ path: String, _ code: Int32) -> ConfigurationError {
        let remedy =
            switch code {
            case ENOENT: "create it, or name another one"
            case EACCES: "let the user that leafd runs as read it"
            default: "name a file that can be read"
            }
        return ConfigurationError([YAMLFile.whole(path, "cannot be read: \(String(cString: strerror(code)))", remedy)])
    }
}
