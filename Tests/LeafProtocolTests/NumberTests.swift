import LeafProtocol
import Testing

struct NumberTests {
    @Test(arguments: [
        ("0", 0), ("1", 1), ("-1", -1), ("007", 7), ("-0", 0), ("100000", 100_000),
        ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min), ("-9223372036854775807", -Int64.max),
        ("0009223372036854775", 9_223_372_036_854_775),
    ])
    func readsWholeNumbers(text: String, expected: Int64) {
        #expect(parse(text) == expected)
    }

    @Test(arguments: [
        "", "-", "+5", "+", "--5", "5-", "1.5", "1e3", "0x10", " 1", "1 ", "1\r", "1\u{0}", "٣", "9223372036854775808",
        "-9223372036854775809", "99999999999999999999", "-99999999999999999999", "18446744073709551616",
        "18446744073709551617", "000000000000000000001", String(repeating: "9", count: 4096),
    ])
    func refusesEverythingElse(text: String) {
        #expect(parse(text) == nil)
    }

    @Test func readsBackWhatIsWritten() {
        var random = SeededRandom(state: 7)
        for _ in 0..<10_000 {
            let value = Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random)
            #expect(parse("\(value)") == value)
        }
    }

    @Test func wordsAreComparedInAnyCase() {
        #expect(matches("STRING", "string") && matches("string", "string") && matches("StRiNg", "string"))
        #expect(
            !matches("STRIN", "string") && !matches("STRINGS", "string") && !matches("", "string")
                && !matches("STR\u{09}NG", "string"))
    }

    @Test func whatIsQuotedInAnErrorIsOneShortPrintableLine() {
        #expect(quote("orders") == "orders")
        #expect(quote("a\r\nb\u{0}\u{7F}c") == "a??b??c")
        #expect(quote(String(repeating: "x", count: 64)).count == 64)
        #expect(quote(String(repeating: "x", count: 65)) == String(repeating: "x", count: 64) + "…")
        // Cut within a character, and no UTF-8 at all: still text.
        #expect(quote(String(repeating: "é", count: 50)).hasSuffix("…"))
        #expect([UInt8]([0xFF, 0xC0]).withUnsafeBytes { quoted($0) } == "\u{FFFD}\u{FFFD}")
        // What ends a line for some terminals, or drives them.
        #expect(quote("a\u{85}b\u{9B}31m\u{2028}") == "a?b?31m?")
    }

    private func parse(_ text: String) -> Int64? { Array(text.utf8).withUnsafeBytes { parseInteger($0) } }
    private func matches(_ text: String, _ word: StaticString) -> Bool {
        Array(text.utf8).withUnsafeBytes { isWord($0, word) }
    }

    private func quote(_ text: String) -> String { Array(text.utf8).withUnsafeBytes { quoted($0) } }
}
