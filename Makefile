# leafd: everything there is to do with a checkout. `make help` lists it.
#
# Variables: PREFIX and DESTDIR for install and uninstall; ARGS goes on to `swift test` (ARGS='--filter LeafCoreTests') or the
# simulator; SEEDS and FIRST for the simulator; SOAK for the long tests; TEST_MINUTES after which `make test` gives up.

SHELL = /bin/sh
.DEFAULT_GOAL := help
# SwiftPM uses all cores by itself, and two of it would wait for each other.
.NOTPARALLEL:

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
ARGS ?=
SEEDS ?= 1000000
FIRST ?= 0
SOAK ?= 20
FUZZ_SECONDS ?= 3600
TEST_MINUTES ?= 60
SWIFT ?= swift

# The Swift runtime goes into the binaries, so that they run where there is no Swift. Exclusivity is checked by the
# debug builds that the tests use. These flags are here and not in the manifest, since unsafe flags there would bar
# LeafClient from being a dependency.
RELEASE = -c release --static-swift-stdlib -Xlinker -s -Xswiftc -enforce-exclusivity=unchecked
BIN = .build/release
PROGRAMS = leafd leafctl
BENCH_PROGRAMS = leafd leaf-bench leaf-floor
BENCHMARKS = peers latency scale pool

# Debian's packages: to build; to run the tests.
BUILD_PACKAGES = liblmdb-dev libmariadb-dev libpq-dev libsqlite3-dev pkg-config
TEST_PACKAGES = debhelper e2fsprogs galera-4 lintian man-db mariadb-client mariadb-server mmdebstrap mount netcat-openbsd openssl \
    postgresql procps python3-redis python3-venv redis-tools rsync socat sqlite3 strace systemd systemd-container util-linux valgrind

# Debian's package: to make and to check it.
DEB_PACKAGES = debhelper dpkg-dev lintian
BENCH_PACKAGES = redis-tools sqlite3 util-linux

# $(call need,PACKAGES): installs those that are missing. Where none is, nothing is run but dpkg-query.
define need
@missing=; \
if ! command -v dpkg-query >/dev/null 2>&1; then \
    echo "leafd: this is not Debian; make sure that you have what it calls: $(1)"; \
    exit 0; \
fi; \
for package in $(1); do \
    dpkg-query -W -f '$${db:Status-Status}\n' "$$package" 2>/dev/null | grep -qx installed \
        || missing="$$missing $$package"; \
done; \
[ -n "$$missing" ] || exit 0; \
if [ "$$(id -u)" -eq 0 ]; then sudo=; \
elif command -v sudo >/dev/null 2>&1; then sudo=sudo; \
else echo "leafd: as root, install these packages first: apt-get install$$missing" >&2; exit 1; fi; \
echo "leafd: installing what is missing:$$missing"; \
apt="$$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120"; \
$$apt update || echo "leafd: the package lists could not be updated; trying with those that are here"; \
$$apt install -y --no-install-recommends $$missing \
    || { echo "leafd: these packages could not be installed:$$missing" >&2; exit 1; }
endef

# The events of a run are for REPORT_TESTS, which ends a log of thousands of lines with what failed.
TEST_EVENTS = .build/tests.jsonl
FUZZER = .build-fuzz/release/leaf-fuzz
DAEMON_TESTS = 'CrashTests|IntegrationTests|StoreFaultTests|FleetTests|SnowflakeTests|ServiceTests|HostileTests'
# $(call build_release,PROGRAMS)
define build_release
for program in $(1); do \
    echo "leafd: building $$program for release (the first time takes some minutes)"; \
    $(SWIFT) build $(RELEASE) --product "$$program" || exit 1; \
done
endef
define BUILD_TESTS
echo "leafd: building the tests (the first time takes some minutes)"; \
$(SWIFT) build --build-tests
endef
# swiftc heeds the last -sanitize= alone, and of --sanitize given twice any may be it. --sanitize=fuzzer leaves main to libFuzzer.
define BUILD_FUZZER
echo "leafd: building the fuzzer, in .build-fuzz"; \
LEAF_FUZZ=yes $(SWIFT) build -c release --sanitize=fuzzer -Xswiftc -sanitize=fuzzer,address -Xswiftc -enable-testing \
    --scratch-path .build-fuzz --product leaf-fuzz
endef
define RUN_TESTS
echo "leafd: running the tests"; \
rm -f $(TEST_EVENTS); \
timeout --foreground --signal=INT --kill-after=30 $(TEST_MINUTES)m \
    $(SWIFT) test --skip-build --event-stream-output-path $(TEST_EVENTS)
endef
define REPORT_TESTS
status=$$?; \
[ $$status -eq 0 ] || [ ! -f $(TEST_EVENTS) ] || awk -f Tests/failures.awk $(TEST_EVENTS) >&2; \
[ $$status -ne 124 ] || echo "leafd: the tests were ended after $(TEST_MINUTES) minutes: something hangs; TEST_MINUTES=N waits longer" >&2; \
exit $$status
endef

# The checker of Prometheus' own files, out of Debian's package: to install that would bring a server and 300 MB.
PROMTOOL = .build/tools/promtool
$(PROMTOOL):
	@echo "leafd: fetching promtool out of Debian's package prometheus (19 MB)"
	@mkdir -p .build/tools && cd .build/tools && apt-get -q download prometheus \
	    && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --to-stdout ./usr/bin/promtool >promtool.new \
	    && chmod 0755 promtool.new && mv promtool.new promtool && rm -f prometheus_*.deb

.PHONY: help run build deb test sim bench docs soak lint format tsan asan fuzz hostile install uninstall clean build-packages deb-packages test-packages bench-packages

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Build, and run a leafd of your own in the foreground; its files are under .leafd/
	@exec $(BIN)/leafd --config Config/leafd.dev.yaml --hints

build: build-packages ## Build leafd and leafctl for release, in .build/release
	@$(call build_release,$(PROGRAMS))

deb: build-packages deb-packages ## Make the Debian package, in .build/deb
	@$(call build_release,$(PROGRAMS) leaf-manual)
	@Systemd/make-deb.sh $(BIN) .build/deb
	@lintian --allow-root --fail-on error,warning .build/deb/leafd_*.changes

# What a request costs is counted in the release build, and the package is made of it.
test: export RELEASE_LEAFD = $(CURDIR)/$(BIN)/leafd
test: build-packages test-packages $(PROMTOOL) ## Run all tests
	@$(call build_release,$(PROGRAMS) leaf-manual)
	@$(BUILD_TESTS)
	@$(RUN_TESTS) $(ARGS); $(REPORT_TESTS)
	@$(if $(ARGS),,$(BUILD_FUZZER))
	@$(if $(ARGS),,Tests/Fuzz/run.sh $(FUZZER) 14)

lint: ## Check the form of the code, as swift-format sees it
	@$(SWIFT) format lint --strict --recursive --parallel Sources Tests Package.swift

format: ## Bring the code into that form
	@$(SWIFT) format --in-place --recursive --parallel Sources Tests Package.swift

sim: build-packages ## Play SEEDS (a million) seeds of the simulator, from FIRST (0) on; ARGS=--mutations: the guards' table; --clock-faults: what clocks do to snowflakes; --capacity: what a fleet costs
	@echo "leafd: building the simulator for release, in .build-sim"
	@$(SWIFT) build -c release --scratch-path .build-sim --product leaf-sim
	@.build-sim/release/leaf-sim --seeds $(SEEDS) --first $(FIRST) $(ARGS)

bench: build-packages bench-packages ## Measure beside Redis and a C loop, and write Docs/Benchmarks.md (three quarters of an hour, on a quiet machine); ARGS=--quick: only that it works
	@$(call build_release,$(BENCH_PROGRAMS))
	@rm -rf .build/bench
	@for benchmark in $(BENCHMARKS); do $(BIN)/leaf-bench $$benchmark $(ARGS) || exit 1; done
	@$(BIN)/leaf-bench report

hostile: build-packages test-packages ## What hostile clients do to others: latency, memory, outcome of each attack (ten minutes)
	@$(call build_release,leafd leaf-hostile)
	@$(BIN)/leaf-hostile table $(ARGS)

# What the compiler knows of LeafClient's public symbols goes to DocC with the articles.
docs: build-packages ## Make LeafClient's documentation, in .build/docs
	@$(SWIFT) build --target LeafClient
	@mkdir -p .build/symbols
	@$(SWIFT) symbolgraph-extract -module-name LeafClient -I .build/debug/Modules -I Sources/CLeafPlatform/include \
	    -Xcc -fmodule-map-file=.build/debug/CLeafPlatform.build/module.modulemap -target "$$(uname -m)-unknown-linux-gnu" \
	    -minimum-access-level public -skip-synthesized-members -output-dir .build/symbols
	@docc convert Sources/LeafClient/LeafClient.docc --additional-symbol-graph-dir .build/symbols \
	    --fallback-display-name LeafClient --fallback-bundle-identifier org.leafd.LeafClient \
	    --output-path .build/docs --warnings-as-errors
	@echo "leafd: .build/docs is a site: python3 -m http.server -d .build/docs, then /documentation/leafclient"

soak: export SOAK_SCALE = $(SOAK)
soak: TEST_MINUTES = 0
soak: build-packages test-packages ## Run the tests of crashes, databases' faults and whole daemons SOAK (20) times as long
	@$(BUILD_TESTS)
	@$(RUN_TESTS) --filter $(DAEMON_TESTS) $(ARGS); $(REPORT_TESTS)

tsan: build-packages test-packages $(PROMTOOL) ## Run the tests under ThreadSanitizer, but those that start whole daemons
	@echo "leafd: building the tests with ThreadSanitizer, in .build-tsan"
	@$(SWIFT) test --sanitize=thread --scratch-path .build-tsan --skip $(DAEMON_TESTS) $(ARGS)

# Freed memory is kept from use for a while, and nobody looks for leaks: Foundation has some.
asan: export ASAN_OPTIONS = detect_leaks=0
asan: build-packages test-packages $(PROMTOOL) ## Run the tests under AddressSanitizer, but those that start whole daemons
	@echo "leafd: building the tests with AddressSanitizer, in .build-asan"
	@$(SWIFT) test --sanitize=address --scratch-path .build-asan --skip $(DAEMON_TESTS) $(ARGS)

fuzz: export FUZZ_FOUND = $(CURDIR)/.build-fuzz/found
fuzz: build-packages ## Fuzz what reads other programs' bytes, FUZZ_SECONDS (an hour) each; ARGS=journals: that alone; Tests/Fuzz/README.md
	@$(BUILD_FUZZER)
	@Tests/Fuzz/run.sh $(FUZZER) $(FUZZ_SECONDS) $(ARGS)

# Builds only where nothing is built, so that `make build && sudo make install` needs no Swift for root.
install: $(if $(wildcard $(BIN)/leafd $(BIN)/leafctl),,build) ## Install below PREFIX (/usr/local) and /etc/leafd
	@install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/lib/systemd/system" \
	    "$(DESTDIR)$(PREFIX)/lib/sysusers.d" "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d" "$(DESTDIR)$(SYSCONFDIR)/leafd"
	@install -m 0755 $(BIN)/leafd $(BIN)/leafctl "$(DESTDIR)$(PREFIX)/bin"
	@sed -e 's|/usr/bin/leafctl|$(PREFIX)/bin/leafctl|g' Systemd/leafd-metrics.service \
	    >"$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd-metrics.service"
	@chmod 0644 "$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd-metrics.service"
	@install -m 0644 Systemd/leafd-metrics.timer "$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd-metrics.timer"
	@sed -e 's|/usr/bin/leafd|$(PREFIX)/bin/leafd|g' -e 's|/etc/leafd/|$(SYSCONFDIR)/leafd/|g' Systemd/leafd.service \
	    >"$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd.service"
	@chmod 0644 "$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd.service"
	@install -m 0644 Systemd/leafd.socket "$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd.socket"
	@install -m 0644 Systemd/leafd.sysusers.conf "$(DESTDIR)$(PREFIX)/lib/sysusers.d/leafd.conf"
	@install -m 0644 Systemd/leafd.tmpfiles.conf "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/leafd.conf"
	@if [ -e "$(DESTDIR)$(SYSCONFDIR)/leafd/leafd.yaml" ]; then \
	    echo "leafd: $(DESTDIR)$(SYSCONFDIR)/leafd/leafd.yaml is yours, and stays as it is"; \
	else \
	    install -m 0644 Config/leafd.yaml "$(DESTDIR)$(SYSCONFDIR)/leafd/leafd.yaml"; \
	fi
	@echo "leafd: installed below $(DESTDIR)$(PREFIX)"
	@[ -n "$(DESTDIR)" ] || printf '%s\n' "To start it, as root:" "    systemd-sysusers && systemd-tmpfiles --create" \
	    "    systemctl daemon-reload && systemctl enable --now leafd.socket leafd.service"

uninstall: ## Remove what install has put there; configuration and journal stay
	@rm -f "$(DESTDIR)$(PREFIX)/bin/leafd" "$(DESTDIR)$(PREFIX)/bin/leafctl" \
	    "$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd.service" "$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd.socket" \
	    "$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd-metrics.service" \
	    "$(DESTDIR)$(PREFIX)/lib/systemd/system/leafd-metrics.timer" \
	    "$(DESTDIR)$(PREFIX)/lib/sysusers.d/leafd.conf" "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/leafd.conf"
	@echo "leafd: removed; $(SYSCONFDIR)/leafd and /var/lib/leafd are left"

clean: ## Remove what was built; .leafd/, which holds IDs in stock, stays
	@rm -rf .build .build-*

build-packages:
	$(call need,$(BUILD_PACKAGES))

deb-packages:
	$(call need,$(DEB_PACKAGES))

test-packages:
	$(call need,$(TEST_PACKAGES))
