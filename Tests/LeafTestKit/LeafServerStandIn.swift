private import Foundation

/// Leases as a Leaf server does, by its own SQL, through the database's own client: nothing of leafd is in it.
///
/// <https://github.com/Meituan-Dianping/Leaf/blob/master/leaf-core/src/main/java/com/sankuai/inf/leaf/segment/dao/IDAllocMapper.java>
package final class LeafServerStandIn: Sendable {
    /// One client program, and the pipes that lead to it and back.
    private final class Client: Sendable {
        let process: ChildProcess
        let input: Int32
        let output: Int32
        private let folder: TemporaryFolder

        init(_ program: String, _ arguments: [String]) throws {
            folder = TemporaryFolder()
            let paths = ["in", "out"].map(folder.file)
            guard paths.allSatisfy({ mkfifo($0, 0o600) == 0 }) else { throw TestProblem("no pipes can be made") }
            // For reading too, so that opening does not wait for the other side.
            input = open(paths[0], O_RDWR | O_CLOEXEC)
            output = open(paths[1], O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            process = try ChildProcess(
                program, arguments, input: paths[0], output: paths[1], errors: folder.file("err"))
        }

        deinit {
            process.kill()
            close(input)
            close(output)
        }

        var errors: String { Tool.text(folder.file("err")) }

        /// Lines up to one that is `last`.
        func lines(until last: String) throws -> [String] {
            var text: [UInt8] = []
            let end = Array("\(last)\n".utf8)
            while !text.suffix(end.count).elementsEqual(end) {
                var wait = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
                guard poll(&wait, 1, 60_000) > 0 else { throw TestProblem("\(process.name) says nothing") }
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = read(output, &bytes, bytes.count)
                guard count > 0 else {
                    _ = try process.wait()
                    throw TestProblem("\(process.name) has ended: \(errors)")
                }
                text += bytes.prefix(count)
            }
            return String(decoding: text, as: UTF8.self).split(separator: "\n").dropLast().map(String.init)
        }
    }

    private let program: String
    private let arguments: [String]
    private let table: String
    private let client = TestLock<Client?>(nil)

    /// - Parameter server: reached over its Unix socket, as the superuser.
    package init(_ server: any DatabaseServer, table: String = "leaf_alloc", database: String = ServerUser.database) {
        self.table = table
        if type(of: server).scheme == MariaDBServer.scheme {
            program = Tool.find("mariadb") ?? "mariadb"
            // The first error ends it: after a reconnection its transaction would be half of one.
            arguments = MariaDBServer.client(server.socketPath) + ["--unbuffered", "--skip-reconnect", database]
        } else {
            program = PostgreSQLServer.program("psql")
            arguments = PostgreSQLServer.client(server.socketPath, server.port, database)
        }
    }

    /// Leases a segment.
    ///
    /// - Parameter step: how many IDs; nil: as many as the table says.
    /// - Throws: if the lease is not known to be committed; the next one begins with a new connection.
    @discardableResult
    package func lease(_ tag: String, step: Int64? = nil) throws -> Range<Int64> {
        try client.with { client in
            do {
                let current = try client ?? Client(program, arguments)
                client = current
                return try lease(tag, step, current)
            } catch {
                client = nil
                throw error
            }
        }
    }

    private func lease(_ tag: String, _ step: Int64?, _ client: Client) throws -> Range<Int64> {
        let end = "done \(UInt64.random(in: .min ... .max))"
        let text = """
            BEGIN;
            UPDATE \(table) SET max_id = max_id + \(step.map(String.init) ?? "step") WHERE biz_tag = '\(tag)';
            SELECT biz_tag, max_id, step FROM \(table) WHERE biz_tag = '\(tag)';
            COMMIT;
            SELECT '\(end)';

            """
        guard write(client.input, text, text.utf8.count) == text.utf8.count else {
            throw TestProblem("\(client.process.name) takes nothing")
        }
        let rows = try client.lines(until: end)
        let columns = rows.first?.split(separator: "\t") ?? []
        guard rows.count == 1, columns.count == 3, let last = Int64(columns[1]), let listed = Int64(columns[2]) else {
            throw TestProblem("no lease of \(tag): \(rows)")
        }
        return last - (step ?? listed)..<last
    }
}
