// What SQLite offers and Swift hides: a variadic call.
#ifndef LEAF_SQLITE_H
#define LEAF_SQLITE_H

#include <stdbool.h>

// As sqlite3.h declares it. Inline below, so that only what calls it needs SQLite.
struct sqlite3;
int sqlite3_db_config(struct sqlite3 *connection, int option, ...);

/// Whether the WAL is left as it is when a connection closes: neither moved into the database nor removed
/// (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE).
///
/// Returns SQLITE_OK, which is 0, or SQLite's error code.
static inline int leaf_sqlite_leave_log(struct sqlite3 *connection, bool leave) {
    enum { NO_CKPT_ON_CLOSE = 1006 };
    return sqlite3_db_config(connection, NO_CKPT_ON_CLOSE, leave ? 1 : 0, (int *)0);
}

#endif
