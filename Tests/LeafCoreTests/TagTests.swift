import LeafCore
import Testing

@Suite struct TagTests {
    @Test(arguments: ["a", "orders", "user:id", "Bestellungen-ä", "订单", String(repeating: "x", count: 128)])
    func `a printable name of 1 to 128 bytes is a tag`(name: String) throws {
        #expect(try Tag(name).name == name)
    }

    @Test(arguments: [
        ("", TagError.empty),
        (String(repeating: "x", count: 129), .tooLong(bytes: 129)),
        (String(repeating: "ä", count: 65), .tooLong(bytes: 130)),
        ("a b", .unprintable(" ")),
        ("a\u{7F}", .unprintable("\u{7F}")),
        ("a\u{1}b", .unprintable("\u{1}")),
        ("a\u{A0}b", .unprintable("\u{A0}")),
        ("a\u{200E}b", .unprintable("\u{200E}")),
    ])
    func `anything else is refused with the reason`(name: String, error: TagError) {
        #expect(throws: error) { try Tag(name) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: TagError.notUTF8) { try Tag(utf8: [0x61, 0xFF]) }
        #expect(throws: TagError.tooLong(bytes: 200)) { try Tag(utf8: [UInt8](repeating: 0xFF, count: 200)) }
    }

    @Test func `two ways to write one letter are two tags, as in the database`() throws {
        let (composed, decomposed) = (try Tag("caf\u{E9}"), try Tag("cafe\u{301}"))
        #expect(composed.name == decomposed.name)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }
}

@Suite struct TagTableTests {
    @Test func `what was put in is found by its bytes, and nothing else is`() throws {
        var table = TagTable<Int>(seed: 7)
        let tags = try (0..<5000).map { try Tag("tag-\($0)") }
        for (index, tag) in tags.enumerated() { table.insert(tag, index) }
        #expect(table.count == 5000)
        for (index, tag) in tags.enumerated() { #expect(table.find(tag) == index) }
        #expect(table.find(try Tag("tag-5000")) == nil)
        #expect(table.find(try Tag("tag-")) == nil)
        #expect(Array(table.values) == Array(0..<5000))
    }

    @Test func `a second insert replaces the first`() throws {
        var table = TagTable<Int>()
        let tag = try Tag("orders")
        table.insert(tag, 1)
        let replaced = table.insert(tag, 2)
        #expect(replaced == 1)
        #expect(table.find(tag) == 2)
        #expect(table.count == 1)
    }

    @Test func `what was taken out is gone, and the rest stays`() throws {
        var table = TagTable<Int>()
        let tags = try (0..<300).map { try Tag(String(repeating: "t", count: 1 + $0 % 40) + "\($0)") }
        for (index, tag) in tags.enumerated() { table.insert(tag, index) }
        for index in stride(from: 0, to: 300, by: 3) {
            let removed = table.remove(tags[index])
            #expect(removed == index)
        }
        let removedAgain = table.remove(tags[0])
        #expect(removedAgain == nil)
        for (index, tag) in tags.enumerated() { #expect(table.find(tag) == (index % 3 == 0 ? nil : index)) }
    }

    @Test("Names that share their beginning are told apart", arguments: [7, 8, 15, 16, 17, 24, 127])
    func alike(length: Int) throws {
        var table = TagTable<Int>()
        let beginning = String(repeating: "n", count: length)
        let names = [beginning, beginning + "a", beginning + "b", beginning.dropLast() + "a"]
        let all = try names.map { try Tag($0) }
        for (index, tag) in all.enumerated() { table.insert(tag, index) }
        #expect(table.count == 4)
        for (index, tag) in all.enumerated() { #expect(table.find(tag) == index) }
        #expect(table.find(try Tag(beginning.dropLast() + "b")) == nil)
        #expect(table.remove(all[1]) == 1)
        #expect(all.map { table.find($0) } == [0, nil, 2, 3])
    }
}
