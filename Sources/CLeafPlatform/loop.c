#define _GNU_SOURCE
#include "leaf_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int32_t leaf_poller_make(void) {
    int poller = epoll_create1(EPOLL_CLOEXEC);
    return poller < 0 ? -errno : poller;
}

static int32_t control(int32_t poller, int operation, int32_t descriptor, uint64_t key, uint32_t interest) {
    struct epoll_event event = {
        .events = (interest & LEAF_READ ? EPOLLIN : 0) | (interest & LEAF_WRITE ? EPOLLOUT : 0), .data.u64 = key};
    return epoll_ctl(poller, operation, descriptor, &event) == 0 ? 0 : errno;
}

int32_t leaf_poller_add(int32_t poller, int32_t descriptor, uint64_t key, uint32_t interest) {
    return control(poller, EPOLL_CTL_ADD, descriptor, key, interest);
}

int32_t leaf_poller_change(int32_t poller, int32_t descriptor, uint64_t key, uint32_t interest) {
    return control(poller, EPOLL_CTL_MOD, descriptor, key, interest);
}

int32_t leaf_poller_remove(int32_t poller, int32_t descriptor) {
    return control(poller, EPOLL_CTL_DEL, descriptor, 0, 0);
}

// The calls below that every request makes go past the C library, whose own are points of cancellation: nobody cancels
// these threads, and the atomic operations for it cost more than the way into the kernel's door.

static int wait_coarsely(int32_t poller, struct epoll_event *events, int milliseconds) {
    return (int)syscall(SYS_epoll_pwait, poller, events, LEAF_POLLER_BATCH, milliseconds, NULL, 0);
}

int64_t leaf_receive(int32_t descriptor, void *buffer, int64_t room) {
    long count = syscall(SYS_recvfrom, descriptor, buffer, room, 0, NULL, NULL);
    return count < 0 ? -errno : count;
}

int64_t leaf_send(int32_t descriptor, const void *bytes, int64_t count) {
    long taken = syscall(SYS_sendto, descriptor, bytes, count, MSG_NOSIGNAL, NULL, 0);
    return taken < 0 ? -errno : taken;
}

static int wait_for(int32_t poller, struct epoll_event *events, int64_t timeout_ns) {
    if (timeout_ns <= 0) return wait_coarsely(poller, events, timeout_ns < 0 ? -1 : 0);
    static bool has_no_precise_wait;
    if (!__atomic_load_n(&has_no_precise_wait, __ATOMIC_RELAXED)) {
        struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
        int count = epoll_pwait2(poller, events, LEAF_POLLER_BATCH, &timeout, NULL);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        __atomic_store_n(&has_no_precise_wait, true, __ATOMIC_RELAXED);
    }
    int64_t milliseconds = (timeout_ns + 999999) / 1000000;
    return wait_coarsely(poller, events, milliseconds > 3600000 ? 3600000 : (int)milliseconds);
}

int32_t leaf_poller_wait(int32_t poller, leaf_readiness_t *ready, int64_t timeout_ns) {
    struct epoll_event events[LEAF_POLLER_BATCH];
    int count = wait_for(poller, events, timeout_ns);
    for (int index = 0; index < count; index++) {
        uint32_t seen = events[index].events;
        ready[index] = (leaf_readiness_t){
            .key = events[index].data.u64,
            .can_read = (seen & EPOLLIN) != 0,
            .can_write = (seen & EPOLLOUT) != 0,
            .has_hung_up = (seen & (EPOLLERR | EPOLLHUP)) != 0,
        };
    }
    if (count < 0) return errno == EINTR ? 0 : -errno;
    return count;
}

int32_t leaf_wakeup_make(void) {
    int wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wakeup < 0 ? -errno : wakeup;
}

void leaf_wakeup_signal(int32_t wakeup) {
    uint64_t one = 1;
    // Full means that it has been signalled already.
    while (write(wakeup, &one, sizeof one) < 0 && errno == EINTR) {}
}

void leaf_wakeup_clear(int32_t wakeup) {
    uint64_t count;
    while (read(wakeup, &count, sizeof count) < 0 && errno == EINTR) {}
}

int32_t leaf_accept(int32_t listener) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int32_t leaf_set_nonblocking(int32_t descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0 ? errno : 0;
}

int32_t leaf_core_count(void) {
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
    int count = CPU_COUNT(&cores);
    return count < 1 ? 1 : count;
}
