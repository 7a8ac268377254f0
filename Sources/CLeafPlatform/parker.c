#define _GNU_SOURCE
#include "leaf_parker.h"
#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Thread_local uint32_t own;

uint32_t *leaf_parker_own(void) {
    return &own;
}

void leaf_parker_prepare(uint32_t *parker) {
    __atomic_store_n(parker, 0, __ATOMIC_RELAXED);
}

bool leaf_parker_wait(uint32_t *parker, uint64_t deadline_ns) {
    struct timespec deadline = {(time_t)(deadline_ns / 1000000000u), (long)(deadline_ns % 1000000000u)};
    while (__atomic_load_n(parker, __ATOMIC_ACQUIRE) == 0) {
        // FUTEX_WAIT_BITSET takes a moment of CLOCK_MONOTONIC, FUTEX_WAIT a duration.
        long status = syscall(SYS_futex, parker, FUTEX_WAIT_BITSET_PRIVATE, 0, &deadline, NULL,
                              FUTEX_BITSET_MATCH_ANY);
        if (status != 0 && errno == ETIMEDOUT) return __atomic_load_n(parker, __ATOMIC_ACQUIRE) != 0;
    }
    return true;
}

void leaf_parker_wake(uint32_t *parker) {
    __atomic_store_n(parker, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, parker, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

uint64_t leaf_monotonic_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
