import Foundation
import LeafTestKit

/// How far the clocks of a program are from the machine's own: a page of memory that programs under test look at each time
/// that they read a clock.
///
/// A library that is loaded into them does it (`LD_PRELOAD`), of our own instead of libfaketime: that one can leave CLOCK_BOOTTIME
/// alone, but not move it without CLOCK_MONOTONIC, as a suspended host does; it reads a file at each call, and has a hand in
/// semaphores and timers too.
final class ClockShift: @unchecked Sendable {
    // @unchecked: `values` are two words, each written in one go; tests write from one thread.
    let path: String
    private let folder: TemporaryFolder
    private let values: UnsafeMutablePointer<Int64>

    init(in folder: TemporaryFolder, _ name: String) throws {
        self.folder = folder
        path = folder.file(name + ".shift")
        guard FileManager.default.createFile(atPath: path, contents: Data(count: 4096)) else {
            throw TestProblem("\(path) cannot be made")
        }
        let file = open(path, O_RDWR | O_CLOEXEC)
        defer { close(file) }
        guard file >= 0, let memory = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { throw TestProblem("\(path) cannot be mapped") }
        values = memory.bindMemory(to: Int64.self, capacity: 2)
    }

    deinit {
        munmap(values, 4096)
    }

    /// How far CLOCK_REALTIME alone is off: what `date -s` does.
    var wall: Duration {
        get { .nanoseconds(values[0]) }
        set { values[0] = ClockShift.nanoseconds(newValue) }
    }

    /// How long the host was suspended: CLOCK_REALTIME and CLOCK_BOOTTIME have gone on, CLOCK_MONOTONIC has not.
    var slept: Duration {
        get { .nanoseconds(values[1]) }
        set { values[1] = ClockShift.nanoseconds(newValue) }
    }

    private static func nanoseconds(_ time: Duration) -> Int64 {
        time.components.seconds * 1_000_000_000 + time.components.attoseconds / 1_000_000_000
    }

    // MARK: The library

    /// Why clocks cannot be shifted here; nil: they can.
    static let obstacle: String? = Tool.isThere("cc") ? nil : "there is no C compiler (cc) here"

    /// What a program must have in its environment, to follow these.
    static func environment(_ shifts: [ClockShift]) throws -> [String: String] {
        ["LD_PRELOAD": try library.get(), "TEST_CLOCK_SHIFTS": shifts.map(\.path).joined(separator: ":")]
    }

    /// For what the whole run has: the library, and the clocks that servers share. Nobody lets go of it before the end.
    static let folder: TemporaryFolder = {
        atexit {
            for path in [ClockShift.folder.path, ClockShift.folder.memory] {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
        return TemporaryFolder()
    }()
    private static let library: Result<String, any Error> = Result {
        let (code, path) = (folder.file("shift.c"), folder.file("shift.so"))
        try source.write(toFile: code, atomically: true, encoding: .utf8)
        let result = try Tool.run("cc", ["-shared", "-fPIC", "-O1", "-o", path, code, "-ldl"])
        guard result.isSuccess else { throw TestProblem("cc: \(result.errors)") }
        return path
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdint.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static int (*ask)(clockid_t, struct timespec *);
        static volatile int64_t *shifts[8];
        static int count;

        __attribute__((constructor)) static void begin(void) {
            if (ask) return;
            char *list = getenv("TEST_CLOCK_SHIFTS"), *rest = NULL;
            list = strdup(list ? list : "");
            for (char *path = strtok_r(list, ":", &rest); path && count < 8; path = strtok_r(NULL, ":", &rest)) {
                int file = open(path, O_RDONLY | O_CLOEXEC);
                void *page = file < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
                if (page == MAP_FAILED) abort();
                close(file);
                shifts[count++] = page;
            }
            free(list);
            *(void **)&ask = dlsym(RTLD_NEXT, "clock_gettime");
        }

        int clock_gettime(clockid_t clock, struct timespec *time) {
            begin();
            int result = ask(clock, time);
            int isWall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
            if (result != 0 || (!isWall && clock != CLOCK_BOOTTIME)) return result;
            int64_t all = time->tv_sec * 1000000000LL + time->tv_nsec;
            for (int i = 0; i < count; i++) all += shifts[i][1] + (isWall ? shifts[i][0] : 0);
            time->tv_sec = all / 1000000000LL;
            time->tv_nsec = all % 1000000000LL;
            return result;
        }

        int gettimeofday(struct timeval *time, void *zone) {
            struct timespec now;
            (void)zone;
            if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
            time->tv_sec = now.tv_sec;
            time->tv_usec = now.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *seconds) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (seconds) *seconds = now.tv_sec;
            return now.tv_sec;
        }
        """
}
