// What must not pass from a process to a child that it forks: connections, and IDs dealt out of memory.
#ifndef LEAF_FORK_H
#define LEAF_FORK_H

#include <stddef.h>
#include <stdint.h>

/// Memory that a forked child finds empty, however it was forked: the kernel fills it with zeros (MADV_WIPEONFORK), or
/// on kernels before 4.14 a handler of `fork` does. Aligned to a page.
///
/// Never returns NULL: without memory the process ends.
void *leaf_wiped_allocate(size_t bytes);
void leaf_wiped_free(void *memory, size_t bytes);

/// The number of this process among its forked ancestors, from 1: what was made under another number belongs to a
/// parent, and may be locked by a thread that does not exist here.
static inline uint64_t leaf_process(void);

/// A Unix stream socket, not connected, close-on-exec, which a forked child closes before `fork` returns there; the
/// parent's connection is not touched by that. A negative error number if there is none.
int32_t leaf_guarded_socket(void);
/// An event counter (eventfd), not blocking, close-on-exec, closed in a forked child in the same way.
int32_t leaf_guarded_event(void);
/// Closes either. To be called in the process that made it.
void leaf_guarded_close(int32_t descriptor);

/// What `fork` waits for, so that a child finds nothing half done: the table of descriptors, and that of seats.
void leaf_fork_lock(void);
void leaf_fork_unlock(void);

// MARK: -

extern uint64_t *leaf_process_word;
uint64_t leaf_process_look(void);

static inline uint64_t leaf_process(void) {
    uint64_t *word = __atomic_load_n(&leaf_process_word, __ATOMIC_ACQUIRE);
    uint64_t number = word ? __atomic_load_n(word, __ATOMIC_ACQUIRE) : 0;
    return number ? number : leaf_process_look();
}

#endif
