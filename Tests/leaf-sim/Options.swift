internal import LeafSimulator

/// What the command line asks for.
struct Options {
    var first: UInt64 = 0
    var seeds: UInt64 = 10_000
    var threads = 2
    var events = 400
    var isTracing = false
    var seed: UInt64?
    var showsMutations = false
    var subject = Scenario.Subject.tags
    /// Of the mutations: only an ID issued twice counts.
    var countsDuplicatesOnly = false
    /// The most lines of a story.
    var lines = 30
    /// One guard, by its name in DuplicateGuard.
    var without: String?
    /// What a fleet costs its store, instead of seeds.
    var showsCapacity = false
    /// Of the fleet.
    var hosts = 10_000
    /// The clock-fault table, instead of seeds.
    var showsClockFaults = false
    /// How often each of its rows is played.
    var runs: UInt64 = 200
    /// The rows that have this in their name; nil: all.
    var row: String?

    static let usage = """
        leaf-sim: plays many daemons and stores from seeds, with every fault, and says what rule was broken.

          --seeds N       how many seeds (10000)
          --first S       the first of them (0)
          --snowflake     snowflakes in place of tags
          --events N      events a seed (400)
          --threads N     (2)
          --seed N        this seed alone; with --trace every step of it
          --lines N       of a failing seed's story (30)
          --without G     with a guard switched off, by its name: --without 'boot id'
          --mutations     for each guard the first seed that breaks a rule without it
          --duplicates    with --mutations and --without: nothing but an ID issued twice counts
          --capacity      no seeds, but what a fleet costs its store: the tables of Docs/Capacity.md
          --hosts N       of that fleet (10000)
          --clock-faults  no seeds, but the table of what faults of clocks, hosts and databases do to snowflakes
          --runs N        of each of its rows, from --first on (200)
          --row TEXT      those of its rows alone that have this in their name; with --seed N and --trace every step of it
        """

    init(_ arguments: ArraySlice<String>) throws(UsageError) {
        var rest = arguments
        while let name = rest.popFirst() {
            switch name {
            case "--seeds": seeds = try Options.number(name, &rest)
            case "--first": first = try Options.number(name, &rest)
            case "--events": events = Int(try Options.number(name, &rest))
            case "--threads": threads = max(1, Int(try Options.number(name, &rest)))
            case "--seed": seed = try Options.number(name, &rest)
            case "--lines": lines = Int(try Options.number(name, &rest))
            case "--without": without = rest.popFirst()
            case "--snowflake": subject = .snowflakes
            case "--trace": isTracing = true
            case "--mutations": showsMutations = true
            case "--duplicates": countsDuplicatesOnly = true
            case "--capacity": showsCapacity = true
            case "--clock-faults": showsClockFaults = true
            case "--runs": runs = try Options.number(name, &rest)
            case "--row": row = rest.popFirst()
            case "--hosts": hosts = max(1, Int(try Options.number(name, &rest)))
            default: throw UsageError(text: "what is \(name)?\n\n\(Options.usage)")
            }
        }
    }

    private static func number(_ name: String, _ rest: inout ArraySlice<String>) throws(UsageError) -> UInt64 {
        guard let text = rest.popFirst(), let number = UInt64(text), number < 1 << 62 else {
            throw UsageError(text: "\(name) needs a number")
        }
        return number
    }
}

struct UsageError: Error {
    let text: String
}
