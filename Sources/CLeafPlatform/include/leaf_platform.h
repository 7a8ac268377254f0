// What Linux offers and Swift's Glibc module hides: macros with casts, GNU structs, variadic calls.
#ifndef LEAF_PLATFORM_H
#define LEAF_PLATFORM_H

#include <stdint.h>

/// What SO_PEERCRED tells of the process at the other end of a Unix socket, as the kernel saw it at connect: `struct ucred`,
/// which Swift does not see.
typedef struct leaf_peer {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
} leaf_peer_t;

/// Names the calling thread, as `ps -L` shows it; Linux keeps the first 15 bytes.
void leaf_name_thread(const char *name);

#endif
