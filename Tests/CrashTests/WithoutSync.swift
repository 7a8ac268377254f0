import Foundation
import LeafTestKit

/// A library that takes the syncing out of a program it is preloaded into: the control that must lose data.
///
/// Made here, so that the program under test is the very one that is shipped.
struct WithoutSync: Sendable {
    private let folder = TemporaryFolder()

    init() throws {
        guard let compiler = Facilities.compiler else { throw TestProblem("there is no C compiler") }
        let source = folder.file("without-sync.c")
        try WithoutSync.source.write(toFile: source, atomically: false, encoding: .utf8)
        let result = try Tool.run(compiler, ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
        guard result.isSuccess else { throw TestProblem("\(compiler): \(result.errors)") }
    }

    private var library: String { folder.file("without-sync.so") }

    var environment: [String: String] { ["LD_PRELOAD": library] }

    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdarg.h>
        #include <sys/types.h>

        int fsync(int fd) { return 0; }
        int fdatasync(int fd) { return 0; }
        int msync(void *address, size_t length, int flags) { return 0; }
        int sync_file_range(int fd, off_t offset, off_t count, unsigned flags) { return 0; }

        static int unsynced(int flags) { return flags & ~(O_SYNC | O_DSYNC); }

        #define OPEN(name)                                            \\
            int name(const char *path, int flags, ...) {              \\
                int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name); \\
                va_list rest;                                         \\
                va_start(rest, flags);                                \\
                mode_t mode = va_arg(rest, mode_t);                   \\
                va_end(rest);                                         \\
                return real(path, unsynced(flags), mode);             \\
            }
        OPEN(open)
        OPEN(open64)

        #define OPENAT(name)                                          \\
            int name(int folder, const char *path, int flags, ...) {  \\
                int (*real)(int, const char *, int, ...) = dlsym(RTLD_NEXT, #name); \\
                va_list rest;                                         \\
                va_start(rest, flags);                                \\
                mode_t mode = va_arg(rest, mode_t);                   \\
                va_end(rest);                                         \\
                return real(folder, path, unsynced(flags), mode);     \\
            }
        OPENAT(openat)
        OPENAT(openat64)
        """
}
