import LeafProtocol
import Testing

struct CommandTests {
    @Test(arguments: Command.allCases)
    func isFoundByItsNameInAnyCase(command: Command) {
        let name = command.lowercaseName
        #expect(find(name) == command)
        #expect(find(name.uppercased()) == command)
        #expect(find(name.prefix(1).uppercased() + name.dropFirst()) == command)
        #expect(command.name == name.uppercased())
    }

    @Test(arguments: Command.allCases)
    func isNotFoundByAnyOtherName(command: Command) {
        let name = Array(command.lowercaseName.utf8)
        #expect(find(name + name + name + name + name) == nil)
        #expect(find(name + [0]) == nil)
        #expect(find([0x20] + name) == nil)
        #expect(find(name + [0x20]) == nil)
        for index in name.indices {
            // One bit wrong anywhere, but for the one that is the letter's case.
            for bit in 0..<8 where bit != 5 {
                var other = name
                other[index] ^= 1 << bit
                #expect(find(other) != command)
            }
        }
    }

    @Test func nothingAndLongWordsAreNoCommands() {
        #expect(find("") == nil)
        #expect(find(String(repeating: "x", count: 16)) == nil)
        #expect(find(String(repeating: "x", count: 17)) == nil)
        #expect(find(String(repeating: "next", count: 1000)) == nil)
    }

    @Test func nextAndIncrAreToldApart() {
        for word in ["next", "NEXT", "NeXt"] {
            #expect(Array(word.utf8).withUnsafeBytes { Command.isNext($0) && !Command.isIncr($0) })
        }
        #expect(Array("iNcR".utf8).withUnsafeBytes { Command.isIncr($0) && !Command.isNext($0) })
        for word in ["nex", "nexts", "", "incrby", "ping", "txen", "NEX\u{14}"] {
            #expect(!Array(word.utf8).withUnsafeBytes { Command.isNext($0) || Command.isIncr($0) })
        }
    }

    /// The least and the most arguments after the name.
    @Test(arguments: [
        (Command.next, 1, 3), (.lease, 2, 2), (.incr, 1, 1), (.incrby, 2, 2), (.snowflake, 0, 4), (.decode, 1, 1),
        (.tags, 0, 0), (.stats, 0, 2), (.info, 0, 63), (.health, 0, 0), (.create, 1, 63), (.alter, 3, 3), (.drop, 1, 1),
        (.bump, 1, 2), (.forget, 1, 1), (.fence, 0, 0), (.workers, 0, 2), (.multi, 0, 0), (.exec, 0, 0),
        (.discard, 0, 0),
        (.ping, 0, 1), (.echo, 1, 1), (.quit, 0, 63), (.select, 1, 1), (.reset, 0, 0), (.auth, 1, 2), (.client, 0, 63),
        (.command, 0, 63), (.config, 0, 63), (.hello, 0, 6),
    ])
    func takesAsManyArgumentsAsTheProtocolSays(command: Command, least: Int, most: Int) {
        #expect(command.arity == least + 1...most + 1)
    }

    @Test func theAdministratorsCommandsAreThese() {
        #expect(
            Command.allCases.filter(\.isAdministrative) == [.create, .alter, .drop, .bump, .forget, .fence, .workers])
    }

    @Test func numbersArePlacesInTheTable() {
        #expect(Command.allCases.map(\.number) == Array(Command.allCases.indices))
    }

    private func find(_ name: some StringProtocol) -> Command? { find(Array(name.utf8)) }
    private func find(_ name: [UInt8]) -> Command? { name.withUnsafeBytes { Command($0) } }
}
