private import Glibc

/// A journal that is no longer used, and kept for whoever wants to know why.
package struct SetAside: Hashable, Sendable {
    /// Where it lies now.
    package let file: String
    package let reason: String
    /// How many tags' floors were taken over from it.
    package let floors: Int

    package init(file: String, reason: String, floors: Int) {
        self.file = file
        self.reason = reason
        self.floors = floors
    }

    /// Why a data file is set aside, as its new name says.
    enum Kind: String, CaseIterable {
        case damaged
        /// The outcome of its last commit is not known.
        case unknown
    }

    /// How many such files are kept: they may be large, and a host that damages one a day has another problem.
    static let keptMax = 8

    /// The name for a file set aside now that none in `taken` has: `damaged-20261121T114006Z.mdb`, then `…Z-2.mdb`.
    static func name(_ kind: Kind, now: Int, taken: some Sequence<String>) -> String {
        let taken = Set(taken)
        let stem = "\(kind.rawValue)-\(stamp(now))"
        var name = stem + ".mdb"
        var number = 2
        while taken.contains(name) {
            name = "\(stem)-\(number).mdb"
            number += 1
        }
        return name
    }

    /// The names that are too many: the oldest of those set aside.
    static func surplus(among names: some Sequence<String>) -> [String] {
        let dated = names.compactMap { name in age(of: name).map { (name: name, age: $0) } }
        return dated.sorted { $0.age < $1.age }.dropLast(keptMax).map(\.name)
    }

    /// When a file of that name was set aside, and as which of that second; nil for other files.
    private static func age(of name: String) -> (stamp: String, number: Int)? {
        guard name.hasSuffix(".mdb"), let kind = Kind.allCases.first(where: { name.hasPrefix($0.rawValue + "-") })
        else { return nil }
        let parts = name.dropLast(4).dropFirst(kind.rawValue.utf8.count + 1).split(separator: "-")
        guard let stamp = parts.first, stamp.utf8.count == 16, stamp.hasSuffix("Z"), parts.count <= 2 else {
            return nil
        }
        guard parts.count == 2 else { return (String(stamp), 1) }
        return Int(parts[1]).map { (String(stamp), $0) }
    }

    /// Seconds since 1970 as 20261121T114006Z.
    private static func stamp(_ seconds: Int) -> String {
        var (seconds, time) = (time_t(seconds), tm())
        gmtime_r(&seconds, &time)
        var text = [CChar](repeating: 0, count: 24)
        strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &time)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
