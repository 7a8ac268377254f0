import LeafTestKit
import Testing

@Suite("A forked child", .disabled(if: isThreadSanitized, "it starts whole daemons"))
struct ForkTests {
    @Test
    func `deals no ID that its parent deals, and has a connection of its own`() throws {
        let daemon = try LeafDaemon(DaemonSetup())
        let folder = LeafTestKit.TemporaryFolder()
        let children = 40
        let ids = 2000
        let result = try Tool.run(
            try Tool.product("leaf-fork-probe"), [daemon.setup.socketPath, folder.path, "\(children)", "\(ids)"],
            atMost: .seconds(300))
        #expect(result.isSuccess, "\(result.errors)")
        let files = Folder.entries(of: folder.path).filter { $0.hasSuffix(".ids") }
        // Every fifth child has a child of its own.
        #expect(files.count == children + children / 5 + 1)
        var all = IDSet()
        var sum = 0
        for file in files {
            let own = try IDFile.read(folder.file(file))
            #expect(own.count >= 3 * ids)
            sum += own.count
            all.insert(own)
        }
        #expect(all.duplicates == [])
        #expect(all.count == sum)
    }
}
