#include "leaf_seat.h"
#include <pthread.h>
#include <stdlib.h>

static const size_t table_bytes = LEAF_SEATS * sizeof(leaf_seat_t);

_Thread_local leaf_sitter_t leaf_sitter;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit;
static uint64_t last_thread, last_pool;
/// Pools that are alive; under leaf_fork_lock.
static leaf_seats_t *living;

/// Under leaf_fork_lock. A pool that is gone has taken its table with it.
static void give_up(leaf_sitter_t *sitter, size_t place) {
    for (leaf_seats_t *seats = living; seats; seats = seats->next) {
        if (seats->pool != sitter->places[place].pool) continue;
        uint64_t own = sitter->thread;
        // Not if it is nobody's in this process, or another thread's by now.
        __atomic_compare_exchange_n(&sitter->places[place].seat->owner, &own, 0, false, __ATOMIC_RELEASE,
                                    __ATOMIC_RELAXED);
        break;
    }
    sitter->places[place].pool = 0;
}

static void leave(void *sitter) {
    leaf_fork_lock();
    for (size_t place = 0; place < LEAF_PLACES; place++) {
        if (((leaf_sitter_t *)sitter)->places[place].pool) give_up(sitter, place);
    }
    // Should a later destructor of this thread take an ID, then as a new thread, whose seats are given up in the next round.
    ((leaf_sitter_t *)sitter)->thread = 0;
    leaf_fork_unlock();
}

static void set_up(void) {
    if (pthread_key_create(&at_exit, leave) != 0) abort();
}

leaf_seats_t *leaf_seats_make(void) {
    leaf_seats_t *seats = malloc(sizeof *seats);
    if (!seats) abort();
    seats->pool = __atomic_add_fetch(&last_pool, 1, __ATOMIC_RELAXED);
    seats->table = leaf_wiped_allocate(table_bytes);
    leaf_fork_lock();
    seats->next = living;
    living = seats;
    leaf_fork_unlock();
    return seats;
}

void leaf_seats_free(leaf_seats_t *seats) {
    leaf_fork_lock();
    for (leaf_seats_t **place = &living; *place; place = &(*place)->next) {
        if (*place != seats) continue;
        *place = seats->next;
        break;
    }
    leaf_fork_unlock();
    leaf_wiped_free(seats->table, table_bytes);
    free(seats);
}

bool leaf_seat_take(leaf_seats_t *seats) {
    leaf_sitter_t *sitter = &leaf_sitter;
    size_t place = seats->pool % LEAF_PLACES;
    leaf_seat_t *seat = sitter->places[place].seat;
    if (sitter->places[place].pool == seats->pool
        && __atomic_load_n(&seat->owner, __ATOMIC_RELAXED) == sitter->thread) {
        return true;
    }
    if (!sitter->thread) {
        pthread_once(&once, set_up);
        pthread_setspecific(at_exit, sitter);
        sitter->thread = __atomic_add_fetch(&last_thread, 1, __ATOMIC_RELAXED);
    }
    if (sitter->places[place].pool) {
        leaf_fork_lock();
        give_up(sitter, place);
        leaf_fork_unlock();
    }
    // From the first on, so that what a thread left behind is taken up again.
    for (size_t index = 0; index < LEAF_SEATS; index++) {
        uint64_t nobody = 0;
        seat = &seats->table[index];
        // Acquire: with the seat comes what its last owner left in it.
        if (__atomic_load_n(&seat->owner, __ATOMIC_RELAXED) == 0
            && __atomic_compare_exchange_n(&seat->owner, &nobody, sitter->thread, false, __ATOMIC_ACQUIRE,
                                           __ATOMIC_RELAXED)) {
            sitter->places[place].pool = seats->pool;
            sitter->places[place].seat = seat;
            return true;
        }
    }
    return false;
}

void leaf_seat_fill(const leaf_seats_t *seats, int64_t first, int64_t count) {
    leaf_seat_t *seat = leaf_sitter.places[seats->pool % LEAF_PLACES].seat;
    seat->next = (uint64_t)first;
    seat->left = (uint64_t)count;
}
