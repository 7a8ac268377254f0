import LeafConfiguration
import Testing

@Suite("A store's URL")
struct StoreURLTests {
    private func url(_ text: String) throws -> StoreURL {
        try load("", sets: ["store.url=\(text)"]).store.url
    }

    @Test(
        "SQLite has a path, absolute or relative",
        arguments: [
            ("sqlite:///var/a.sqlite", "/var/a.sqlite"), ("sqlite://.leafd/a.sqlite", ".leafd/a.sqlite"),
            ("sqlite:///with%20space%3F", "/with space?"),
        ])
    func sqlite(text: String, path: String) throws {
        #expect(try url(text) == .sqlite(path: path))
        #expect(try url(text).server == nil)
    }

    @Test("A server has a user, hosts and a database")
    func server() throws {
        #expect(
            try url("mysql://leafd@db:3307/ids")
                == .mysql(StoreServer(user: "leafd", hosts: [.init(name: "db", port: 3307)], database: "ids")))
        #expect(
            try url("postgresql://leafd@db/ids")
                == .postgresql(StoreServer(user: "leafd", hosts: [.init(name: "db", port: 5432)], database: "ids")))
    }

    @Test("Several hosts are kept in their order, IPv6 in brackets, with the port of the scheme by default")
    func hosts() throws {
        let server = try #require(try url("mysql://u@a,b:1,[::1],[fe80::2]:65535,10.0.0.1/d").server)
        #expect(server.hosts.map(\.name) == ["a", "b", "::1", "fe80::2", "10.0.0.1"])
        #expect(server.hosts.map(\.port) == [3306, 1, 3306, 65535, 3306])
        #expect(server.description == "u@a:3306,b:1,[::1]:3306,[fe80::2]:65535,10.0.0.1:3306/d")
    }

    @Test(
        "A Unix socket takes the hosts' place",
        arguments: ["mysql://u@/d?socket=/run/s", "mysql://u@localhost/d?socket=%2Frun%2Fs"])
    func socket(text: String) throws {
        let server = try #require(try url(text).server)
        #expect(server.socket == "/run/s")
        #expect(server.hosts == [])
        #expect(server.description == "u@/d?socket=/run/s")
    }

    @Test("User, password and database are percent-decoded")
    func decoding() throws {
        let server = try #require(try url("mysql://a%40b:p%3A%2F%25%C3%A4@h/d%2Fe").server)
        #expect(server.user == "a@b")
        #expect(server.password?.reveal() == "p:/%ä")
        #expect(server.database == "d/e")
        #expect(server.description == "a%40b:***@h:3306/d%2Fe")
    }

    @Test(
        "What cannot be a store is refused with a reason",
        arguments: [
            ("central.sqlite", "is not a URL"),
            ("sqlite:/a", "is not a URL"),
            ("sqlite://", "names no file"),
            ("sqlite://:memory:", "would forget every counter at the next start, and give IDs out twice"),
            ("sqlite:///a?mode=memory", "has parameters, and SQLite takes none"),
            ("sqlite:///a%zz", "has a malformed percent sign"),
            ("sqlite:///a%00", "has a malformed percent sign"),
            ("mariadb://u@h/d", "names a kind of store that leafd does not know"),
            ("redis://u@h/d", "names a kind of store that leafd does not know"),
            ("mysql://h/d", "names no user"),
            ("mysql://@h/d", "names no user"),
            ("mysql://u@h", "names no database"),
            ("mysql://u@h/", "names no database"),
            ("mysql://u@h/d/e", "has a / in the name of the database"),
            ("mysql://u@/d", "has no valid host between @ and /"),
            ("mysql://u@h,/d", "has no valid host between @ and /"),
            ("mysql://u@h:0/d", "has no valid host between @ and /"),
            ("mysql://u@h:65536/d", "has no valid host between @ and /"),
            ("mysql://u@h:port/d", "has no valid host between @ and /"),
            ("mysql://u@h h/d", "has no valid host between @ and /"),
            ("mysql://u@[::1/d", "has no valid host between @ and /"),
            ("mysql://u@h/d?socket=/s", "names both hosts and a socket"),
            ("mysql://u@/d?socket=s", "has no absolute path as its socket"),
            ("mysql://u@h/d?sslmode=require", "has parameters that leafd does not know"),
            ("mysql://u@/d?socket=/s&x=1", "has parameters that leafd does not know"),
            ("mysql://u@a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a/d", "names 17 hosts"),
        ])
    func refused(text: String, reason: String) throws {
        let error = #expect(throws: ConfigurationError.self) { _ = try url(text) }
        #expect(error?.problems.map(\.reason) == [reason])
    }

    @Test("Other names of a known store are told the right one")
    func otherNames() throws {
        #expect(problems(sets: ["store.url=postgres://u@h/d"])[0].hasSuffix("— write postgresql://…"))
        #expect(problems(sets: ["store.url=mariadb://u@h/d"])[0].hasSuffix("— write mysql://…"))
    }
}

@Suite("A password is shown nowhere")
struct RedactionTests {
    static let secret = "geheim"
    static let yaml = "store: {url: \"mysql://u:geheim@h/d\"}"

    @Test("It works in the URL, with a warning that does not show it")
    func warning() throws {
        #expect(try load(Self.yaml).store.url.server?.password?.reveal() == Self.secret)
        #expect(
            try warnings(Self.yaml) == [
                "leafd.yaml:1:14: store.url: mysql://u:***@h/d: has a password"
                    + " — put it into a file of mode 0600 and name that in store.password-file"
            ])
    }

    @Test("Printing, debugging, dumping or comparing configurations does not show it")
    func printing() throws {
        let configuration = try load(Self.yaml)
        var dumped = ""
        dump(configuration, to: &dumped)
        let other = try load("store: {url: \"mysql://u:anders@h/d\"}")
        let changes = configuration.changes(to: other)
        #expect(changes.map(\.description) == ["store.url: changed (needs a restart)"])
        let url = configuration.store.url
        let texts = [
            dumped, "\(configuration)", String(reflecting: configuration), "\(configuration.store)", "\(url)",
            String(reflecting: url), "\(url.server.debugDescription)",
        ]
        for text in texts {
            #expect(text.contains("***"))
            #expect(!text.contains(Self.secret))
        }
    }

    @Test(
        "Errors do not show it, however the URL is mistyped",
        arguments: [
            "mysql://u:geheim@h", "mysql://u:geheim@h:x/d", "mysql://u:ge/geheim@h", "mysql://u:x@geheim@h:y/d",
            "mysql://u:geheim", "mysql://u:geheim/d", "mysql:u:geheim@h/d", "u:geheim@h/d", "mysql//u:geheim@h",
            "mysql://u:%zzgeheim@h/d", "mysql://u:a?geheim@h", "mysql://u@h/d?password=geheim", "oracle://u:geheim@h/d",
            "mysql://u:geheim#x@h", "mysql://u@h/d?socket=/s&password=geheim", "sqlite3://u:geheim@h",
            "postgresql://u:geheim@h/d?sslmode=require",
        ])
    func errors(url: String) {
        let everywhere =
            problems("store: {url: \"\(url)\"}") + problems(environment: ["LEAFD_STORE_URL": url])
            + problems(sets: ["store.url=\(url)"])
        #expect(everywhere.count == 3)
        for text in everywhere { #expect(!text.contains(Self.secret), "\(text)") }
    }

    @Test("Errors do not show the value of an unknown key, nor a URL at a wrong key, nor a broken line")
    func otherPlaces() throws {
        let found =
            problems("store: {password: geheim}") + problems(sets: ["store.password=geheim"])
            + problems(sets: ["log.level=mysql://u:geheim@h/d"]) + problems(sets: ["store.urll=mysql://u:geheim@h/d"])
            + problems("store:\n  url: \"mysql://u:geheim@h/d\n") + problems("store:\n  url: @mysql://u:geheim@h/d\n")
            + problems(sets: ["mysql://u:geheim@h/d"])
        #expect(found.count == 7)
        for text in found { #expect(!text.contains(Self.secret), "\(text)") }
        for text in try warnings(environment: ["LEAFD_PASSWORD": Self.secret]) { #expect(!text.contains(Self.secret)) }
    }

    @Test("A password both in the URL and in a file is an error")
    func both() {
        #expect(
            problems("store: {url: \"mysql://u:geheim@h/d\", password-file: /p}") == [
                "leafd.yaml:1:53: store.password-file: /p: store.url has a password as well"
                    + " — keep the file, and take it out of the URL"
            ])
    }
}
