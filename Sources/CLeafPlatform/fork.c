#define _GNU_SOURCE
#include "leaf_fork.h"
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/// Memory that the kernel does not wipe by itself.
struct region {
    void *memory;
    size_t bytes;
    struct region *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// Under the lock, which `fork` takes first: so a child finds them whole.
static struct region *unwiped;
static int32_t *guarded;
static size_t guarded_count, guarded_capacity;

uint64_t *leaf_process_word;
/// The number of the last process in this line of descent, in memory that a child inherits.
static uint64_t last_process;

void leaf_fork_lock(void) {
    pthread_mutex_lock(&lock);
}

void leaf_fork_unlock(void) {
    pthread_mutex_unlock(&lock);
}

/// In the child, on its only thread, which holds the lock since before the fork.
static void become_child(void) {
    for (struct region *region = unwiped; region; region = region->next) memset(region->memory, 0, region->bytes);
    for (size_t index = 0; index < guarded_count; index++) close(guarded[index]);
    guarded_count = 0;
    pthread_mutex_unlock(&lock);
}

static void *allocate(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) abort();
    if (madvise(memory, bytes, MADV_WIPEONFORK) != 0) {
        struct region *region = malloc(sizeof *region);
        if (!region) abort();
        *region = (struct region){memory, bytes, unwiped};
        unwiped = region;
    }
    return memory;
}

static void set_up(void) {
    if (pthread_atfork(leaf_fork_lock, leaf_fork_unlock, become_child) != 0) abort();
    pthread_mutex_lock(&lock);
    __atomic_store_n(&leaf_process_word, allocate(sizeof(uint64_t)), __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
}

/// Before `main`, when there is one thread: a fork while another is within `pthread_once` would have it done again in the
/// child, whose own forks would then wait for themselves.
__attribute__((constructor)) static void begin(void) {
    pthread_once(&once, set_up);
}

uint64_t leaf_process_look(void) {
    pthread_once(&once, set_up);
    // The lock is free in a child of `fork`. Whoever clones the process without it may find it held, so a
    // compare-and-set rather than the lock decides who names the process.
    uint64_t none = 0, number = __atomic_add_fetch(&last_process, 1, __ATOMIC_ACQ_REL);
    if (__atomic_compare_exchange_n(leaf_process_word, &none, number, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return number;
    }
    return none;
}

void *leaf_wiped_allocate(size_t bytes) {
    pthread_once(&once, set_up);
    pthread_mutex_lock(&lock);
    void *memory = allocate(bytes);
    pthread_mutex_unlock(&lock);
    return memory;
}

void leaf_wiped_free(void *memory, size_t bytes) {
    pthread_mutex_lock(&lock);
    for (struct region **place = &unwiped; *place; place = &(*place)->next) {
        struct region *region = *place;
        if (region->memory != memory) continue;
        *place = region->next;
        free(region);
        break;
    }
    pthread_mutex_unlock(&lock);
    munmap(memory, bytes);
}

/// Notes a descriptor under the lock; gives it back, or the negative error number.
static int32_t note(int32_t descriptor) {
    if (descriptor < 0) return -errno;
    if (guarded_count == guarded_capacity) {
        size_t capacity = guarded_capacity ? 2 * guarded_capacity : 16;
        int32_t *larger = realloc(guarded, capacity * sizeof *larger);
        if (!larger) abort();
        guarded = larger;
        guarded_capacity = capacity;
    }
    guarded[guarded_count++] = descriptor;
    return descriptor;
}

int32_t leaf_guarded_socket(void) {
    pthread_once(&once, set_up);
    pthread_mutex_lock(&lock);
    int32_t descriptor = note(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    pthread_mutex_unlock(&lock);
    return descriptor;
}

int32_t leaf_guarded_event(void) {
    pthread_once(&once, set_up);
    pthread_mutex_lock(&lock);
    int32_t descriptor = note(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    pthread_mutex_unlock(&lock);
    return descriptor;
}

void leaf_guarded_close(int32_t descriptor) {
    // Both under the lock: else a child could close a stranger's descriptor that got the number in between.
    pthread_mutex_lock(&lock);
    for (size_t index = 0; index < guarded_count; index++) {
        if (guarded[index] != descriptor) continue;
        guarded[index] = guarded[--guarded_count];
        close(descriptor);
        break;
    }
    pthread_mutex_unlock(&lock);
}
