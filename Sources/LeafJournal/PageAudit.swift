private import Glibc

/// Checks the pages of an LMDB data file as bytes, before LMDB maps it: LMDB itself believes every page number, offset
/// and length it reads, and follows it, writes by it or dies of it.
///
/// Of the newest meta page's trees: each page carries its own number, is reached once, lies below the last page and
/// within the file, has nodes that fill it without overlapping, in ascending order; the counts in the tree's root are
/// true; a free page is free once and in no tree. The layout is that of LMDB 0.9 (`mdb.c`: MDB_page, MDB_node,
/// MDB_meta) on a machine of 64 bits.
struct PageAudit {
    struct Damage: Error {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    private struct Tree {
        var name: String
        var flags: UInt16
        var depth: Int
        var branches: Int
        var leaves: Int
        var overflows: Int
        var entries: Int
        var root: UInt64
        /// Keys are numbers, not bytes.
        var hasNumbers: Bool { name == "free list" }
    }

    private let descriptor: Int32
    private let pageSize: Int
    private let length: Int
    private let lastPage: Int
    private let newestTransaction: UInt64
    private let free: Tree
    private let main: Tree
    /// Pages that a tree or the free list has.
    private var seen: [Bool]

    private static let (magic, dataVersion): (UInt32, UInt32) = (0xBEEF_C0DE, 1)
    private static let (pageHeader, nodeHeader, metaLength) = (16, 8, 136)
    private static let noRoot = UInt64.max
    private static let depthMax = 32
    private enum PageFlag { static let (branch, leaf, overflow, meta): (UInt16, UInt16, UInt16, UInt16) = (1, 2, 4, 8) }
    private enum NodeFlag { static let (bigData, subData): (UInt16, UInt16) = (1, 2) }
    /// MDB_INTEGERKEY, the free list's only flag; with it a meta page notes MDB_NOSUBDIR.
    private static let (integerKey, noSubfolder): (UInt16, UInt16) = (8, 0x4000)

    /// Checks a data file that nobody writes to.
    ///
    /// - Returns: what is wrong with it, or nil.
    static func problem(file: String, length: Int) -> String? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        do {
            var audit = try PageAudit(descriptor, length)
            try audit.run()
            return nil
        } catch {
            return (error as? Damage)?.reason ?? "\(error)"
        }
    }

    // MARK: Meta pages

    private init(_ descriptor: Int32, _ length: Int) throws {
        self.descriptor = descriptor
        self.length = length
        let size = sysconf(Int32(_SC_PAGESIZE))
        guard length >= 2 * size else { throw Damage("the file has \(length) bytes, fewer than two pages") }
        let metas = try (0...1).map { try Self.page(descriptor, $0, size) }
        for (number, meta) in metas.enumerated() { try Self.check(meta, number, size) }
        let newest = Self.transaction(metas[0]) < Self.transaction(metas[1]) ? metas[1] : metas[0]
        pageSize = size
        newestTransaction = Self.transaction(newest)
        // LMDB counts on from it. Past the last number it would begin at 0, and take the older state for the newest.
        guard newestTransaction < 1 << 62 else {
            throw Damage("its newest transaction is said to be number \(newestTransaction)")
        }
        let last = newest.number(UInt64.self, at: Self.pageHeader + 120)
        // Pages made and given back within one transaction are never written, so that the file may end before.
        guard last >= 1, last < UInt64(length / size) + 4096 else {
            throw Damage("its last page is said to be number \(last), the file has \(length / size)")
        }
        lastPage = Int(last)
        free = try Self.tree("free list", newest, at: Self.pageHeader + 24)
        main = try Self.tree("list of tables", newest, at: Self.pageHeader + 72)
        seen = [Bool](repeating: false, count: lastPage + 1)
    }

    private static func transaction(_ meta: [UInt8]) -> UInt64 { meta.number(UInt64.self, at: pageHeader + 128) }

    private static func check(_ meta: [UInt8], _ number: Int, _ size: Int) throws {
        guard meta.number(UInt64.self, at: 0) == number, meta.number(UInt16.self, at: 10) == PageFlag.meta,
            meta.number(UInt32.self, at: pageHeader) == magic,
            meta.number(UInt32.self, at: pageHeader + 4) == dataVersion,
            meta.number(UInt32.self, at: pageHeader + 24) == size,
            meta.number(UInt16.self, at: pageHeader + 28) & ~noSubfolder == integerKey,
            meta.number(UInt16.self, at: pageHeader + 76) == 0
        else { throw Damage("page \(number) is not the meta page of an LMDB file with pages of \(size) bytes") }
    }

    private static func tree(_ name: String, _ bytes: [UInt8], at offset: Int) throws -> Tree {
        let counts = (0..<4).map { bytes.number(UInt64.self, at: offset + 8 + 8 * $0) }
        guard counts.allSatisfy({ $0 < 1 << 48 }) else { throw Damage("\(name): impossible counts") }
        return Tree(
            name: name, flags: bytes.number(UInt16.self, at: offset + 4),
            depth: Int(bytes.number(UInt16.self, at: offset + 6)),
            branches: Int(counts[0]), leaves: Int(counts[1]), overflows: Int(counts[2]), entries: Int(counts[3]),
            root: bytes.number(UInt64.self, at: offset + 40))
    }

    // MARK: Trees

    private mutating func run() throws {
        var tables: [Tree] = []
        try walk(main) { leaf in
            guard leaf.flags == NodeFlag.subData, leaf.value.count == 48 else {
                throw Damage("a table's entry is none")
            }
            tables.append(try Self.tree("table \(String(decoding: leaf.key, as: UTF8.self))", Array(leaf.value), at: 0))
        }
        for table in tables {
            guard table.flags == 0 else { throw Damage("\(table.name): wrong flags") }
            try walk(table) { leaf in try Self.requirePlain(leaf, table.name) }
        }
        var freePages: [Int] = []
        let (newest, last) = (newestTransaction, lastPage)
        try walk(free) { leaf in
            try Self.requirePlain(leaf, "free list")
            freePages += try Self.freePages(leaf, newest: newest, last: last)
        }
        for page in freePages { try take(page, "free list") }
    }

    /// A node that says that it holds a table, or several values, is followed there by LMDB when it is written or deleted.
    private static func requirePlain(_ leaf: Leaf, _ name: String) throws {
        guard leaf.flags & ~NodeFlag.bigData == 0 else { throw Damage("\(name): wrong flags of a record") }
    }

    private static func freePages(_ leaf: Leaf, newest: UInt64, last: Int) throws -> [Int] {
        let value = Array(leaf.value)
        guard leaf.key.count == 8, Array(leaf.key).number(UInt64.self, at: 0) <= newest, value.count >= 8 else {
            throw Damage("free list: an entry that is none")
        }
        let count = value.number(UInt64.self, at: 0)
        guard count <= UInt64(value.count / 8 - 1) else {
            throw Damage("free list: \(count) pages in \(value.count) bytes")
        }
        return try (0..<Int(count)).map { index in
            let page = value.number(UInt64.self, at: 8 + 8 * index)
            guard page >= 2, page <= last else { throw Damage("free list: page \(page) of 2 to \(last)") }
            return Int(page)
        }
    }

    private struct Leaf {
        let flags: UInt16
        let key: ArraySlice<UInt8>
        let value: ArraySlice<UInt8>
    }

    /// What has been counted on the way through a tree, and the last key.
    private struct Walk {
        let tree: Tree
        var branches = 0
        var leaves = 0
        var overflows = 0
        var entries = 0
        var key: ArraySlice<UInt8>?
        /// A branch's key, at which the next leaf must begin or above.
        var least: ArraySlice<UInt8>?
    }

    private mutating func walk(_ tree: Tree, _ body: (Leaf) throws -> Void) throws {
        var walk = Walk(tree: tree)
        if tree.root != Self.noRoot {
            guard (1...Self.depthMax).contains(tree.depth) else { throw Damage("\(tree.name): depth \(tree.depth)") }
            try descend(tree.root, level: 1, &walk, body)
        }
        guard
            (walk.branches, walk.leaves, walk.overflows, walk.entries)
                == (tree.branches, tree.leaves, tree.overflows, tree.entries),
            tree.root != Self.noRoot || tree.depth == 0
        else { throw Damage("\(tree.name): its root counts other pages or entries than there are") }
    }

    private mutating func descend(
        _ number: UInt64, level: Int, _ walk: inout Walk, _ body: (Leaf) throws -> Void
    ) throws {
        let name = walk.tree.name
        guard number >= 2, number <= lastPage else { throw Damage("\(name): page \(number) of 2 to \(lastPage)") }
        try take(Int(number), name)
        let page = try Self.page(descriptor, Int(number), pageSize)
        let isLeaf = level == walk.tree.depth
        guard page.number(UInt64.self, at: 0) == number,
            page.number(UInt16.self, at: 10) == (isLeaf ? PageFlag.leaf : PageFlag.branch)
        else { throw Damage("\(name): page \(number) is another page") }
        let nodes = try Self.nodes(page, isLeaf: isLeaf, "\(name): page \(number)")
        if isLeaf {
            walk.leaves += 1
            for node in nodes { try visit(page, node, &walk, body) }
        } else {
            walk.branches += 1
            for (index, node) in nodes.enumerated() {
                let key = Self.key(page, node)
                // The first key of a branch is never looked at.
                if index > 0 { try ascend(key, &walk, isSeparator: true) }
                let child =
                    UInt64(page.number(UInt32.self, at: node)) | UInt64(page.number(UInt16.self, at: node + 4)) << 32
                try descend(child, level: level + 1, &walk, body)
            }
        }
    }

    private mutating func visit(
        _ page: [UInt8], _ node: Int, _ walk: inout Walk, _ body: (Leaf) throws -> Void
    ) throws {
        let key = Self.key(page, node)
        try ascend(key, &walk, isSeparator: false)
        let flags = page.number(UInt16.self, at: node + 4)
        let count = Int(page.number(UInt32.self, at: node))
        walk.entries += 1
        guard flags & NodeFlag.bigData != 0 else {
            return try body(Leaf(flags: flags, key: key, value: page[key.endIndex..<key.endIndex + count]))
        }
        let value = try overflow(page.number(UInt64.self, at: key.endIndex), count, &walk)
        try body(Leaf(flags: flags, key: key, value: value))
    }

    private mutating func overflow(_ first: UInt64, _ count: Int, _ walk: inout Walk) throws -> ArraySlice<UInt8> {
        let pages = (Self.pageHeader - 1 + count) / pageSize + 1
        let name = walk.tree.name
        guard first >= 2, first <= lastPage, Int(first) + pages - 1 <= lastPage else {
            throw Damage("\(name): overflow page \(first) of 2 to \(lastPage)")
        }
        for page in Int(first)..<Int(first) + pages { try take(page, name) }
        walk.overflows += pages
        let offset = Int(first) * pageSize
        guard offset + Self.pageHeader + count <= length else {
            throw Damage("\(name): the file ends before page \(first) does")
        }
        var bytes = [UInt8](repeating: 0, count: Self.pageHeader + count)
        let got = bytes.withUnsafeMutableBytes { readBytes(descriptor, at: offset, count: $0.count, into: $0) }
        guard got == bytes.count, bytes.number(UInt64.self, at: 0) == first,
            bytes.number(UInt16.self, at: 10) == PageFlag.overflow, bytes.number(UInt32.self, at: 12) == pages
        else { throw Damage("\(name): overflow page \(first) is another page") }
        return bytes[Self.pageHeader...]
    }

    private mutating func take(_ page: Int, _ name: String) throws {
        guard !seen[page] else { throw Damage("\(name): page \(page) is used twice") }
        seen[page] = true
    }

    /// Checks that keys ascend, leaves' strictly and from the branch's key on.
    private func ascend(_ key: ArraySlice<UInt8>, _ walk: inout Walk, isSeparator: Bool) throws {
        if let last = walk.key, !isBefore(last, key, walk.tree) { throw Damage("\(walk.tree.name): keys out of order") }
        if let least = walk.least, isBefore(key, least, walk.tree) {
            throw Damage("\(walk.tree.name): a key below its branch")
        }
        if isSeparator {
            walk.least = key
        } else {
            walk.key = key
        }
    }

    private func isBefore(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>, _ tree: Tree) -> Bool {
        guard tree.hasNumbers, a.count == 8, b.count == 8 else { return a.lexicographicallyPrecedes(b) }
        return a.reversed().lexicographicallyPrecedes(b.reversed())
    }

    // MARK: Pages and nodes

    private static func page(_ descriptor: Int32, _ number: Int, _ size: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        let got = bytes.withUnsafeMutableBytes { readBytes(descriptor, at: number * size, count: size, into: $0) }
        guard got == size else { throw Damage("the file ends before page \(number)") }
        return bytes
    }

    private static func key(_ page: [UInt8], _ node: Int) -> ArraySlice<UInt8> {
        let start = node + nodeHeader
        return page[start..<start + Int(page.number(UInt16.self, at: node + 6))]
    }

    /// The offsets of a page's nodes, in the order of keys, having checked that they fill the page's upper part
    /// exactly.
    private static func nodes(_ page: [UInt8], isLeaf: Bool, _ name: String) throws -> [Int] {
        let (lower, upper) = (Int(page.number(UInt16.self, at: 12)), Int(page.number(UInt16.self, at: 14)))
        guard lower >= pageHeader, lower % 2 == 0, lower <= upper, upper <= page.count else {
            throw Damage("\(name): free space from \(lower) to \(upper)")
        }
        let nodes = (0..<(lower - pageHeader) / 2).map { Int(page.number(UInt16.self, at: pageHeader + 2 * $0)) }
        guard nodes.count >= (isLeaf ? 1 : 2) else { throw Damage("\(name): \(nodes.count) entries") }
        var end = upper
        for node in nodes.sorted() {
            guard node == end, node % 2 == 0, node + nodeHeader <= page.count else {
                throw Damage("\(name): an entry at \(node) instead of \(end)")
            }
            let key = Int(page.number(UInt16.self, at: node + 6))
            let value = isLeaf ? Int(page.number(UInt32.self, at: node)) : 0
            let isBig = isLeaf && page.number(UInt16.self, at: node + 4) & NodeFlag.bigData != 0
            end = node + nodeHeader + key + (isBig ? 8 : value)
            guard end <= page.count else { throw Damage("\(name): an entry beyond its end") }
            end += end % 2
        }
        guard end == page.count else { throw Damage("\(name): entries end at \(end)") }
        return nodes
    }
}

extension [UInt8] {
    fileprivate func number<N: FixedWidthInteger>(_ type: N.Type, at offset: Int) -> N {
        withUnsafeBytes { $0.number(type, at: offset) }
    }
}
