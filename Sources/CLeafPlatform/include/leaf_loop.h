// What an event loop needs of Linux.
#ifndef LEAF_LOOP_H
#define LEAF_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/// What one descriptor is ready for. An error or a hang-up of both sides is `has_hung_up`, asked for or not.
typedef struct leaf_readiness {
    uint64_t key;
    bool can_read;
    bool can_write;
    bool has_hung_up;
} leaf_readiness_t;

enum {
    LEAF_READ = 1,
    LEAF_WRITE = 2,
    /// The most that one `leaf_poller_wait` tells.
    LEAF_POLLER_BATCH = 256,
};

/// A poller (epoll, level-triggered); a negative error number if there is none.
int32_t leaf_poller_make(void);
/// Watches a descriptor, which `key` stands for, for `interest` (LEAF_READ | LEAF_WRITE). Returns 0 or an error number.
int32_t leaf_poller_add(int32_t poller, int32_t descriptor, uint64_t key, uint32_t interest);
int32_t leaf_poller_change(int32_t poller, int32_t descriptor, uint64_t key, uint32_t interest);
/// Watches a descriptor no more. Closing it does the same only if no other process has the socket, as systemd may.
int32_t leaf_poller_remove(int32_t poller, int32_t descriptor);
/// Waits until something is ready or the time is over (nanoseconds, negative: as long as it takes). Returns how many
/// of `ready`, which has room for LEAF_POLLER_BATCH, have been filled; a negative error number if the poller is of no use.
/// The time is rounded up to milliseconds on kernels before 5.11, and where a filter of system calls does not know the
/// newer one.
int32_t leaf_poller_wait(int32_t poller, leaf_readiness_t *ready, int64_t timeout_ns);

/// An event counter (eventfd), which does not block; a negative error number if there is none.
int32_t leaf_wakeup_make(void);
void leaf_wakeup_signal(int32_t wakeup);
void leaf_wakeup_clear(int32_t wakeup);

/// Reads what has arrived on a socket that does not block, `room` bytes at most: how many, 0 at its end, or a negative error
/// number.
int64_t leaf_receive(int32_t descriptor, void *buffer, int64_t room);
/// Writes to a socket that does not block: how many bytes it has taken, or a negative error number. Raises no SIGPIPE.
int64_t leaf_send(int32_t descriptor, const void *bytes, int64_t count);

/// Takes the next connection of a listening socket, which does not block then, as the connection does not: a negative
/// error number if there is none.
int32_t leaf_accept(int32_t listener);
/// Has the calls on a descriptor return at once. Returns 0 or an error number.
int32_t leaf_set_nonblocking(int32_t descriptor);

/// The cores that this process may run on, at least 1.
int32_t leaf_core_count(void);

#endif
