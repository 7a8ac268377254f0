package import LeafStore
package import LeafStoreSQL

/// MySQL and MariaDB, through libmariadb.
package struct MySQLDialect: SQLDialect {
    package init() {}

    package var kind: String { "mysql" }

    package func connect(
        _ address: ServerAddress, _ login: ServerLogin, _ interrupt: Interrupt
    ) throws(StoreError) -> any SQLConnection {
        let handshake = try Handshake(address, login, interrupt)
        let link = try handshake.connect()
        // What is left of the time is for setting the session up: two round trips.
        let first = MySQLConnection(link, deadline: handshake.deadline, login.connectTimeout)
        let variables = ServerVariables(try first.runOnce(ServerVariables.queries, "asking for the server's settings"))
        _ = try first.runOnce(variables.setup(queryTimeout: login.queryTimeout), "setting the session up")
        first.become(queryTimeout: login.queryTimeout, packetBytesMax: variables.packetBytesMax)
        return first
    }

    package func examine(_ connection: any SQLConnection, hasIdentity: Bool) throws(StoreError) -> ServerTraits {
        let connection = connection.mysql
        let variables = ServerVariables(
            try connection.runOnce(ServerVariables.queries, "asking for the server's settings"))
        do throws(StoreError) {
            try variables.requireServing(connection.link.place)
            if hasIdentity { try variables.requireReplicable(connection.link.place) }
        } catch {
            connection.close()
            throw error
        }
        return ServerTraits(
            identity: hasIdentity ? variables.identity : nil, warnings: variables.warnings(hasIdentity: hasIdentity))
    }

    package func inspect(_ table: TableName, _ connection: any SQLConnection) throws(StoreError) -> TableShape? {
        try TableInspection(table.text, connection.mysql).centralTable()
    }

    package func hasOwnTable(_ name: String, _ connection: any SQLConnection) throws(StoreError) -> Bool {
        try TableInspection(name, connection.mysql).isOwnTable()
    }

    package func schema(_ table: TableName) -> [SQLText] { MySQLSchema.statements(quoted(table)) }

    package var workerSchema: SQLText { MySQLSchema.workers }

    package func quoted(_ table: TableName) -> String { "`\(table.text)`" }
}

extension SQLConnection {
    var mysql: MySQLConnection {
        guard let connection = self as? MySQLConnection else { preconditionFailure("a connection of another dialect") }
        return connection
    }
}
