import LeafConfiguration
import Testing

@Suite("Values fit together")
struct CrossCheckTests {
    @Test(
        "The value that was given is to blame, of two the upper one",
        arguments: [
            (
                "segments: {min-step: 2000}",
                "1:22: segments.min-step: 2000: must be at most segments.default-step (1000)"
                    + " — lower min-step or raise default-step"
            ),
            (
                "segments: {default-step: 50}",
                "1:26: segments.default-step: 50: must be at least segments.min-step (100)"
                    + " — raise default-step or lower min-step"
            ),
            (
                "segments: {default-step: 6000, max-step: 5000}",
                "1:42: segments.max-step: 5000: must be at least segments.default-step (6000)"
                    + " — raise max-step or lower default-step"
            ),
            (
                "segments: {short-life: 1h}",
                "1:24: segments.short-life: 1h: must be at most segments.long-life (30m)"
                    + " — lower short-life or raise long-life"
            ),
            (
                "segments: {long-life: 1m}",
                "1:23: segments.long-life: 1m: must be at least segments.short-life (15m)"
                    + " — raise long-life or lower short-life"
            ),
            (
                "store: {max-open: 1}",
                "1:19: store.max-open: 1: must be at least store.max-idle (2)"
                    + " — raise max-open or lower max-idle"
            ),
            (
                "socket: {admin-path: /run/leafd/leafd.sock}",
                "1:22: socket.admin-path: /run/leafd/leafd.sock: socket.admin-path must differ from socket.path"
                    + " — name another path, or \"\" to take admin commands on the main socket"
            ),
            (
                "snowflake: {worker: 1024}",
                "1:21: snowflake.worker: 1024: must be below 1024: "
                    + "layout leaf has the workers 0–1023 — choose a smaller worker, or a layout with more"
            ),
            (
                "snowflake: {worker: 64, layout: js53}",
                "1:21: snowflake.worker: 64: must be below 64: "
                    + "layout js53 has the workers 0–63 — choose a smaller worker, or a layout with more"
            ),
            (
                "snowflake: {extra-workers: 64, layout: js53}",
                "1:28: snowflake.extra-workers: 64: extra-workers must be below 64: "
                    + "layout js53 has the workers 0–63 — lower it, or choose another layout"
            ),
        ])
    func misfits(yaml: String, message: String) {
        #expect(problems(yaml) == ["leafd.yaml:\(message)"])
    }

    @Test("A misfit of the environment with the file names the variable")
    func acrossSources() {
        #expect(
            problems("segments: {default-step: 6000}", environment: ["LEAFD_SEGMENTS_MAX_STEP": "5000"]) == [
                "LEAFD_SEGMENTS_MAX_STEP: segments.max-step: 5000: must be at least segments.default-step (6000)"
                    + " — raise max-step or lower default-step"
            ])
    }

    @Test("Equal values fit")
    func equal() throws {
        let segments = try load("segments: {min-step: 7, default-step: 7, max-step: 7, short-life: 30m}").segments
        #expect([segments.minStep, segments.defaultStep, segments.maxStep] == [7, 7, 7])
        #expect(try load("snowflake: {worker: 1023, extra-workers: 1023}").snowflake.worker == .fixed(1023))
    }

    @Test(
        "What is allowed but hardly meant gives a warning",
        arguments: [
            (
                "store: {failover-gap: 999999}",
                "leafd.yaml:1:23: store.failover-gap: 999999: is less than one largest "
                    + "lease (segments.max-step: 1000000) — raise it, or write auto"
            ),
            (
                "store: {ca-file: /ca}",
                "leafd.yaml:1:18: store.ca-file: /ca: has no effect with store.tls: preferred"
                    + " — write tls: verify-full"
            ),
        ])
    func hints(yaml: String, warning: String) throws {
        #expect(try warnings(yaml) == [warning])
    }
}

@Suite("Two configurations differ in keys")
struct ChangesTests {
    @Test("Each changed key is told with both values, and whether SIGHUP applies it")
    func changes() throws {
        let before = try load("log: {level: info}")
        let after = try load("log: {level: debug}\nstore: {max-open: 8}\nsegments: {tags: [{name: x}]}")
        #expect(
            before.changes(to: after).map(\.description) == [
                "store.max-open: 4 → 8 (needs a restart)", "segments.tags: [] → [{name: x}]",
                "log.level: info → debug",
            ])
        #expect(before.changes(to: after).map(\.isReloadable) == [false, true, true])
        #expect(before.changes(to: before) == [])
    }

    @Test("A reload takes over what SIGHUP applies, and nothing else")
    func reloading() throws {
        let before = try load("journal: {path: /a}")
        let after = try load("journal: {path: /b}\nserver: {max-batch: 7}\nsegments: {warm: [x], max-step: 5000}")
        let running = before.reloading(after)
        #expect(running.server.maxBatch == 7)
        #expect(running.segments.warm == after.segments.warm)
        #expect(running.journal.path == "/a")
        #expect(running.segments.maxStep == 1_000_000)
        #expect(running.changes(to: after).map(\.key) == ["segments.max-step", "journal.path"])
    }

    @Test("These keys are reloadable, and no others")
    func reloadable() {
        #expect(
            Key.all.filter(\.isReloadable).map(\.name) == [
                "segments.wait-timeout", "segments.max-parked", "segments.warm", "segments.tags",
                "server.max-connections", "server.max-connections-per-uid", "server.memory-limit", "server.max-line",
                "server.max-batch", "server.idle-timeout",
                "server.output-limit", "log.level",
            ])
    }
}
