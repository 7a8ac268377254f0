// swift-tools-version: 6.2
import PackageDescription

/// One set of compiler settings for every target: complete concurrency checking, no warning left standing.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let nio = "swift-nio"
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let locks = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: nio)
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// libFuzzer brings their main, so that they link with --sanitize=fuzzer alone: `make fuzz` sets LEAF_FUZZ.
let fuzzTargets: [Target] =
    Context.environment["LEAF_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "leaf-fuzz", dependencies: ["LeafClient", "LeafCore", "LeafJournal", "LeafProtocol"],
            path: "Tests/Fuzz/leaf-fuzz", swiftSettings: strict)
    ]

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: ["LeafTestKit"] + dependencies, swiftSettings: strict)
}

let package = Package(
    name: "leafd",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "leafd", targets: ["leafd"]),
        .executable(name: "leafctl", targets: ["leafctl"]),
        .library(name: "LeafClient", targets: ["LeafClient"]),
    ],
    // Which databases leafd can use beside SQLite. Without them it needs neither libmariadb nor libpq:
    //     swift build --disable-default-traits --product leafd
    traits: [
        .trait(name: "MySQL", description: "A central store in MySQL or MariaDB"),
        .trait(name: "PostgreSQL", description: "A central store in PostgreSQL"),
        .default(enabledTraits: ["MySQL", "PostgreSQL"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // System libraries and the platform's C that Swift cannot see.
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        .systemLibrary(name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "CLeafPlatform"),

        // The pure machines, and the threads that drive them.
        library("LeafCore"),
        library("LeafThreads", ["LeafCore", "CLeafPlatform", locks]),
        library("LeafProtocol", ["LeafCore"]),

        // What is durable: the host's journal and the central store.
        library("LeafJournal", ["LeafCore", "LeafThreads", "CLMDB", "CLeafPlatform"]),
        library("LeafStore", ["LeafCore"]),
        library(
            "LeafStoreSQLite",
            ["LeafCore", "LeafStore", "CLeafPlatform", .product(name: "GRDB", package: "GRDB.swift")]),
        library("LeafStoreSQL", ["LeafCore", "LeafThreads", "LeafStore"]),
        library("LeafStoreMySQL", ["LeafCore", "LeafThreads", "LeafStore", "LeafStoreSQL", "CMariaDB"]),
        library("LeafStorePostgreSQL", ["LeafCore", "LeafThreads", "LeafStore", "LeafStoreSQL", "CPostgres"]),

        // The daemon.
        library("LeafEngine", ["LeafCore", "LeafThreads", "LeafJournal", "LeafStore", "CLeafPlatform", log, locks]),
        library(
            "LeafServer",
            [
                "LeafCore", "LeafThreads", "LeafProtocol", "LeafEngine", "CLeafPlatform", log,
            ]),
        library("LeafConfiguration", ["LeafCore", .product(name: "Yams", package: "Yams")]),
        program(
            "leafd",
            [
                "LeafCore", "LeafThreads", "LeafConfiguration", "LeafEngine", "LeafJournal", "LeafProtocol",
                "LeafServer",
                "LeafStore", "LeafStoreSQL", "LeafStoreSQLite", "CLeafPlatform", arguments, log,
                .target(name: "LeafStoreMySQL", condition: .when(traits: ["MySQL"])),
                .target(name: "LeafStorePostgreSQL", condition: .when(traits: ["PostgreSQL"])),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),

        // Its users.
        library("LeafClient", ["LeafCore", "LeafProtocol", "CLeafPlatform"]),
        program("leafctl", ["LeafClient", "LeafCore", "LeafProtocol", arguments]),

        // Manual pages, out of what the programs say of themselves.
        .executableTarget(name: "leaf-manual", path: "Docs/Man/leaf-manual", swiftSettings: strict),

        // Its example is a package of its own, built here as well, so that it stays true.
        .executableTarget(
            name: "leaf-example", dependencies: ["LeafClient"], path: "Docs/Examples/Swift/Sources/Orders",
            swiftSettings: strict),

        // What they cost.
        program("leaf-bench", ["LeafClient", "LeafCore", "LeafProtocol", "CLeafPlatform", arguments]),
        .executableTarget(name: "leaf-floor", path: "Tests/leaf-floor"),

        // Tests.
        .target(
            name: "LeafTestKit",
            dependencies: ["LeafCore", "LeafClient", "LeafProtocol"],
            path: "Tests/LeafTestKit", swiftSettings: strict),
        .target(
            // Compiles LeafCore's own sources once more, with the switches of the guards (Docs/Decisions/0010).
            name: "LeafSimulator", path: "Tests/LeafSimulator", swiftSettings: strict + [.define("LEAF_MUTATIONS")]),
        .executableTarget(
            name: "leaf-sim", dependencies: ["LeafSimulator"], path: "Tests/leaf-sim", swiftSettings: strict),
        tests("LeafCoreTests", ["LeafCore"]),
        tests("LeafProtocolTests", ["LeafProtocol", "LeafCore"]),
        tests("LeafJournalTests", ["LeafJournal", "LeafCore", "LeafThreads"]),
        tests(
            "LeafStoreTests",
            ["LeafStore", "LeafStoreSQLite", "LeafCore", .product(name: "GRDB", package: "GRDB.swift")]),
        tests(
            "LeafStoreSQLTests",
            ["LeafStoreSQL", "LeafStoreMySQL", "LeafStorePostgreSQL", "LeafStore", "LeafCore"]),
        tests("LeafStoreMySQLTests", ["LeafStoreMySQL", "LeafStoreSQL", "LeafStore", "LeafCore", "LeafThreads"]),
        tests(
            "LeafStorePostgreSQLTests",
            ["LeafStorePostgreSQL", "LeafStoreSQL", "LeafStore", "LeafCore", "LeafThreads"]),
        tests("LeafEngineTests", ["LeafEngine", "LeafCore", "LeafJournal", "LeafStore", "LeafThreads", log]),
        tests(
            "LeafServerTests",
            [
                "LeafServer", "LeafProtocol", "LeafCore", "LeafClient", "LeafEngine", "LeafJournal", "LeafStore",
                "CLeafPlatform",
                "LeafStoreSQLite", "LeafThreads", log,
            ]),
        tests("LeafConfigurationTests", ["LeafConfiguration", "LeafCore"]),
        .executableTarget(
            name: "leaf-fork-probe", dependencies: ["LeafClient", "CLeafPlatform"], path: "Tests/leaf-fork-probe",
            swiftSettings: strict),
        tests(
            "LeafClientTests", ["LeafClient", "LeafCore", "LeafProtocol", "leafctl", "leafd", "leaf-fork-probe"]),
        tests("SimulationTests", ["LeafSimulator"]),
        tests("IntegrationTests", ["LeafClient", "LeafProtocol", "leafd", "leafctl", "leaf-example"]),
        tests("StoreFaultTests", ["LeafClient", "LeafProtocol", "leafd", "leafctl"]),
        tests("SnowflakeTests", ["LeafClient", "LeafProtocol", "LeafCore", "leafd", "leafctl"]),
        tests("FleetTests", ["LeafClient", "LeafProtocol", "leafd", "leafctl"]),
        tests("ServiceTests", ["LeafClient"]),
        .executableTarget(
            name: "leaf-hostile", dependencies: ["LeafClient", "LeafTestKit", arguments], path: "Tests/leaf-hostile",
            swiftSettings: strict),
        tests("HostileTests", ["LeafClient", "LeafProtocol", "leafd", "leafctl", "leaf-hostile"]),
        tests("CrashTests", ["LeafClient", "LeafProtocol", "leafd", "leafctl"]),
        tests("LeafBenchTests", ["LeafClient", "leaf-bench", "leaf-floor", "leafd"]),
        tests("LeafTestKitTests", []),
    ] + fuzzTargets
)
