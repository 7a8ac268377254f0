// Waiting of one thread for one event, without memory or lock of its own.
#ifndef LEAF_PARKER_H
#define LEAF_PARKER_H

#include <stdbool.h>
#include <stdint.h>

/// Where the calling thread waits. It waits for one thing at a time.
uint32_t *leaf_parker_own(void);
/// To be called before anybody can call `leaf_parker_wake`.
void leaf_parker_prepare(uint32_t *parker);
/// Waits until somebody has called `leaf_parker_wake`, or until CLOCK_MONOTONIC has reached `deadline_ns`; whether the
/// former.
bool leaf_parker_wait(uint32_t *parker, uint64_t deadline_ns);
/// Ends the wait. The parker's thread may end at once after that: the system is told its address alone, which may be
/// nobody's by then.
void leaf_parker_wake(uint32_t *parker);

/// CLOCK_MONOTONIC, in nanoseconds.
uint64_t leaf_monotonic_ns(void);

#endif
