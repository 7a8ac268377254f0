// Seats: the IDs of a pool that one thread deals out alone, without lock or atomic operation.
//
// A pool has a table of seats, each on cache lines of its own. A thread takes one at its first ID, and gives it up at
// its end, with what is left in it for the thread that takes it next. The table is memory that a forked child finds
// empty: so no ID of a seat can be dealt by both.
#ifndef LEAF_SEAT_H
#define LEAF_SEAT_H

#include "leaf_fork.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    /// Threads that deal at memory speed at the same time, a pool. Any more take each ID from the stock, under its lock.
    LEAF_SEATS = 128,
    /// Pools that a thread can alternate between without looking for its seat anew.
    LEAF_PLACES = 32,
};

/// Two cache lines, since processors fetch them in pairs.
typedef struct __attribute__((aligned(128))) leaf_seat {
    /// The thread whose seat this is; 0: nobody's, or that of a thread of the parent process.
    uint64_t owner;
    // The owner's alone.
    uint64_t next;
    uint64_t left;
} leaf_seat_t;

/// The seats of one pool.
typedef struct leaf_seats {
    /// Never given to a second pool, from 1.
    uint64_t pool;
    leaf_seat_t *table;
    struct leaf_seats *next;
} leaf_seats_t;

leaf_seats_t *leaf_seats_make(void);
/// To be called when no thread can ask for an ID of the pool any more.
void leaf_seats_free(leaf_seats_t *seats);

/// Finds the calling thread's seat, or takes a free one; false if there is none.
bool leaf_seat_take(leaf_seats_t *seats);
/// Puts `count` IDs from `first` on into the calling thread's seat, which is empty.
void leaf_seat_fill(const leaf_seats_t *seats, int64_t first, int64_t count);

/// The next ID of the calling thread's seat at a pool; 0 if it has no seat, or none is left in it.
static inline int64_t leaf_seat_next(uint64_t pool);

// MARK: -

/// What a thread knows of its seats.
typedef struct leaf_sitter {
    /// Its own number, from 1.
    uint64_t thread;
    struct {
        uint64_t pool;
        leaf_seat_t *seat;
    } places[LEAF_PLACES];
} leaf_sitter_t;

extern _Thread_local leaf_sitter_t leaf_sitter;

static inline int64_t leaf_seat_next(uint64_t pool) {
    leaf_sitter_t *sitter = &leaf_sitter;
    if (sitter->places[pool % LEAF_PLACES].pool != pool) return 0;
    leaf_seat_t *seat = sitter->places[pool % LEAF_PLACES].seat;
    // In a child the seat is nobody's, and may by now be another thread's.
    if (__atomic_load_n(&seat->owner, __ATOMIC_RELAXED) != sitter->thread) return 0;
    if (seat->left == 0) return 0;
    seat->left--;
    return (int64_t)seat->next++;
}

#endif
