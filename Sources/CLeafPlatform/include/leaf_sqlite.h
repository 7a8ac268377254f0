// What SQLite offers and Swift hides: a variadic call, and one that GRDB does not export.
#ifndef LEAF_SQLITE_H
#define LEAF_SQLITE_H

#include <stdbool.h>

// As sqlite3.h declares it. Inline below, so that only what calls it needs SQLite.
struct sqlite3;
int sqlite3_db_config(struct sqlite3 *connection, int option, ...);
int sqlite3_table_column_metadata(struct sqlite3 *connection, const char *database, const char *table,
                                  const char *column, const char **type, const char **collation, int *is_not_null,
                                  int *is_primary_key, int *is_autoincrement);

/// Whether the WAL is left as it is when a connection closes: neither moved into the database nor removed
/// (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE).
///
/// Returns SQLITE_OK, which is 0, or SQLite's error code.
static inline int leaf_sqlite_leave_log(struct sqlite3 *connection, bool leave) {
    enum { NO_CKPT_ON_CLOSE = 1006 };
    return sqlite3_db_config(connection, NO_CKPT_ON_CLOSE, leave ? 1 : 0, (int *)0);
}

/// How SQLite compares the values of a column: the name of its collation; NULL if there is no such column.
static inline const char *leaf_sqlite_collation(struct sqlite3 *connection, const char *table, const char *column) {
    const char *collation = (const char *)0;
    int status = sqlite3_table_column_metadata(connection, (const char *)0, table, column, (const char **)0, &collation,
                                               (int *)0, (int *)0, (int *)0);
    return status == 0 ? collation : (const char *)0;
}

#endif
