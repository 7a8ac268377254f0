import Foundation
import LeafClient
import LeafTestKit
import Testing

/// Something wrong with the configuration or the server, as operators find it at the first start.
struct Mistake: Sendable, CustomTestStringConvertible {
    let name: String
    /// What HEALTH names: each of these, or one of several split by `|`.
    let named: [String]
    var certified = false
    /// Makes it; what is set for the daemon goes into the setup.
    let make: @Sendable (Case, inout DaemonSetup) throws -> Void
    /// Mends it. The daemon is not restarted.
    let mend: @Sendable (Case) throws -> Void

    /// One database with a daemon to be.
    struct Case: Sendable {
        let kind: StoreKind
        let server: any DatabaseServer
        let database: String
        let folder: TemporaryFolder

        func file(_ name: String) -> String { folder.file(name) }

        func write(_ text: String, to name: String) throws {
            try text.write(toFile: file(name), atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file(name))
        }
    }

    var testDescription: String { name }

    static let all = [
        Mistake(name: "wrong password", named: ["password", "leafd"]) { setting, setup in
            try setting.server.makeDatabase(setting.database)
            try setting.write("not-the-password\n", to: "password")
            setup.environment = [:]
            setup.settings.append("store.password-file=" + setting.file("password"))
        } mend: {
            try $0.write(ServerUser.password + "\n", to: "password")
        },
        Mistake(name: "no password", named: ["password"]) { setting, setup in
            try setting.server.makeDatabase(setting.database)
            setup.environment = [:]
            setup.settings.append("store.password-file=" + setting.file("password"))
        } mend: {
            try $0.write(ServerUser.password, to: "password")
        },
        Mistake(name: "unknown database", named: ["ids"]) { _, _ in
            // Nothing is made.
        } mend: {
            try $0.server.makeDatabase($0.database)
        },
        Mistake(name: "unknown table", named: ["leaf_alloc", "create"]) { setting, setup in
            try setting.server.makeDatabase(setting.database)
            setup.settings.append("store.create-schema=false")
        } mend: {
            try LeafTable.meituan.create(on: $0.server, database: $0.database)
        },
        Mistake(name: "no privileges", named: ["poor", "privilege|denied|GRANT"]) { setting, setup in
            try setting.server.makeDatabase(setting.database)
            try LeafTable.meituan.create(on: setting.server, database: setting.database)
            try setting.server.sql(setting.makePoorUser)
            setup.settings.append(
                "store.url="
                    + setting.server.url(database: setting.database).replacingOccurrences(of: "leafd@", with: "poor@"))
        } mend: {
            try $0.server.sql($0.grantPoorUser, database: $0.database)
        },
        Mistake(name: "wrong authority", named: ["certificate", "ca-file"]) { setting, setup in
            try setting.server.makeDatabase(setting.database)
            try setting.write(Tool.text(StoreKind.certificates.get().foreignAuthorityPath), to: "ca.pem")
            setup.settings += ["store.tls=verify-full", "store.ca-file=" + setting.file("ca.pem")]
        } mend: {
            try $0.write(Tool.text(StoreKind.certificates.get().authorityPath), to: "ca.pem")
        },
        Mistake(name: "no such authority file", named: ["ca.pem"]) { setting, setup in
            try setting.server.makeDatabase(setting.database)
            setup.settings += ["store.tls=verify-full", "store.ca-file=" + setting.file("ca.pem")]
        } mend: {
            try $0.write(Tool.text(StoreKind.certificates.get().authorityPath), to: "ca.pem")
        },
    ]
}

extension Mistake.Case {
    fileprivate var makePoorUser: String {
        kind == .mariaDB
            ? "CREATE USER IF NOT EXISTS poor@'%' IDENTIFIED BY '\(ServerUser.password)'"
            : "DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN PASSWORD '\(ServerUser.password)'"
    }

    fileprivate var grantPoorUser: String {
        kind == .mariaDB
            ? "GRANT SELECT, INSERT, UPDATE, DELETE ON \(database).* TO poor@'%'"
            : "GRANT SELECT, INSERT, UPDATE, DELETE ON leaf_alloc TO poor"
    }
}

extension StoreFaults {
    @Suite("Not as it should be at the first start", .serialized)
    struct MistakeTests {
        @Test(
            "HEALTH names it, the log says it once, and service starts by itself when it is mended",
            arguments: StoreKind.available, Mistake.all)
        func mistake(_ kind: StoreKind, _ mistake: Mistake) throws {
            let setting = Mistake.Case(
                kind: kind, server: try kind.server, database: Database.newName(), folder: TemporaryFolder())
            var setup = DaemonSetup(in: setting.folder)
            setup.settings += [
                "store.url=" + setting.server.url(database: setting.database), "store.create-schema=true",
            ]
            setup.environment["LEAFD_STORE_PASSWORD"] = ServerUser.password
            try mistake.make(setting, &setup)
            let daemon = try LeafDaemon(setup)
            try expectNamed(daemon, mistake.named, "\(kind), \(mistake.name)")
            #expect(try daemon.ask("NEXT", "orders").errorPrefix == "EXHAUSTED")
            // Several tries, and one line.
            let errors = try Stats(daemon).store.errors
            try eventually("it is tried again") { try Stats(daemon).store.errors >= errors + 3 }
            #expect(daemon.failureLines.count == 1, "\(daemon.failureLines.joined(separator: "\n"))")
            try mistake.mend(setting)
            let time = try elapsed {
                let id = try eventually("an ID") { try daemon.ask("NEXT", "orders").integer }
                #expect(id > 0)
            }
            #expect(try Stats(daemon).store.up == true)
            let health = try daemon.health()
            // Without leafd's own tables, HEALTH says so.
            #expect(health == "+OK" || health.contains("leafd_"), "\(health)")
            figure("\(kind), \(mistake.name): the first ID came \(time.short) after it was mended")
            try daemon.expectNoSecrets([ServerUser.password, "not-the-password"])
        }

        @Test("a certificate for another name is named, and nothing is leased", arguments: StoreKind.available)
        func wrongName(_ kind: StoreKind) throws {
            let server = try kind.stranger
            let database = Database.newName()
            try server.makeDatabase(database)
            var setup = DaemonSetup()
            setup.settings += [
                "store.url=" + server.url(host: "localhost", database: database), "store.create-schema=true",
                "store.tls=verify-full", "store.ca-file=" + (try StoreKind.otherCertificates.get().authorityPath),
            ]
            setup.environment["LEAFD_STORE_PASSWORD"] = ServerUser.password
            let daemon = try LeafDaemon(setup)
            try expectNamed(daemon, ["certificate", "localhost"], "\(kind), wrong name")
            #expect(try daemon.ask("NEXT", "orders").errorPrefix == "EXHAUSTED")
            try daemon.expectNoSecrets()
        }

        private func expectNamed(_ daemon: LeafDaemon, _ words: [String], _ what: String) throws {
            try eventually("HEALTH says UNHEALTHY") { try daemon.health().hasPrefix("-UNHEALTHY no stock") }
            let health = try daemon.health()
            figure("\(what): HEALTH says: \(health)")
            for word in words {
                let choices = word.split(separator: "|")
                #expect(
                    choices.contains { health.lowercased().contains($0.lowercased()) },
                    "\(what): no \(word) in: \(health)")
            }
        }
    }
}
