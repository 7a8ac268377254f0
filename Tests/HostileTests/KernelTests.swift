import LeafClient
import LeafTestKit
import Testing

extension Hostile {
    /// System calls that a kernel or a container's filter refuses.
    @Suite("What the kernel refuses", .serialized)
    struct KernelTests {
        /// Kernels before 5.11 answer ENOSYS, filters that do not know the call EPERM.
        @Test(
            .enabled(if: Tool.isThere("strace"), "no strace here"),
            arguments: ["ENOSYS", "EPERM"])
        func `without epoll_pwait2 waits are a little longer, and nothing else`(error: String) throws {
            let trace = TemporaryFolder()
            // strace stays out of the way (-D), so that the child is leafd.
            let daemon = try HostileDaemon(
                shell: """
                    exec strace -D -f -qq -o \(trace.file("trace")) -e trace=epoll_pwait2 \
                    -e inject=epoll_pwait2:error=\(error) "$0" "$@";
                    """)
            let connection = try daemon.connect()
            let first = try connection.next("orders")
            #expect(first >= 1)
            // The loop has a timer to wait for: this one waits a second, in vain.
            let waiting = try daemon.connect()
            try waiting.send([["NEXT", "scarce", "100000"]])
            for _ in 0..<100 { #expect(try connection.next("orders") > first) }
            _ = try waiting.receive()
            #expect(Tool.text(trace.file("trace")).contains("\(error)"), "nothing was refused")
            #expect(try daemon.connect().command("HEALTH") == .simple("OK"))
        }
    }
}
