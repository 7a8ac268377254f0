#define _GNU_SOURCE
#include "leaf_platform.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

_Static_assert(sizeof(leaf_peer_t) == sizeof(struct ucred), "leaf_peer_t is struct ucred");

void leaf_name_thread(const char *name) {
    char kept[16] = {0};
    strncpy(kept, name, sizeof kept - 1);
    pthread_setname_np(pthread_self(), kept);
}

int64_t leaf_file_system_type(const char *path) {
    struct statfs system;
    // f_type is a signed word on some architectures, the numbers are of 32 bits.
    return statfs(path, &system) == 0 ? (int64_t)(uint32_t)system.f_type : -1;
}

uint64_t leaf_birth_time_ns(int32_t descriptor, const char *path) {
    struct statx found;
    if (statx(*path ? AT_FDCWD : descriptor, path, *path ? 0 : AT_EMPTY_PATH, STATX_BTIME, &found) != 0) return 0;
    if (!(found.stx_mask & STATX_BTIME)) return 0;
    return (uint64_t)found.stx_btime.tv_sec * 1000000000u + found.stx_btime.tv_nsec;
}

int leaf_examine_file(int32_t descriptor, const char *path, leaf_file_t *file) {
    struct statx found;
    int mask = STATX_BASIC_STATS | STATX_BTIME;
    if (statx(*path ? AT_FDCWD : descriptor, path, *path ? 0 : AT_EMPTY_PATH, mask, &found) != 0) return errno;
    file->device = makedev(found.stx_dev_major, found.stx_dev_minor);
    file->inode = found.stx_ino;
    bool has_birth = found.stx_mask & STATX_BTIME;
    file->birth_ns = has_birth ? (uint64_t)found.stx_btime.tv_sec * 1000000000u + found.stx_btime.tv_nsec : 0;
    file->link_count = found.stx_nlink;
    file->is_mount_root = found.stx_attributes & found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT;
    return 0;
}

int leaf_spawn_reading(const char *file, char *const *arguments, char *const *environment, int32_t *pid,
                       int32_t *output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int status = posix_spawn_file_actions_init(&actions);
    if (status == 0) {
        status = posix_spawnattr_init(&attributes);
        if (status == 0) {
            sigset_t all, none;
            sigfillset(&all);
            sigemptyset(&none);
            posix_spawnattr_setsigdefault(&attributes, &all);
            posix_spawnattr_setsigmask(&attributes, &none);
            posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
            if (status == 0) status = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
            if (status == 0) status = posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
            if (status == 0) status = posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
            if (status == 0) status = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
            pid_t child = 0;
            if (status == 0) status = posix_spawn(&child, file, &actions, &attributes, arguments, environment);
            *pid = child;
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    if (status == 0) {
        *output = ends[0];
    } else {
        close(ends[0]);
    }
    return status;
}

char **leaf_environment(void) {
    return environ;
}

void leaf_keep_little_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

void leaf_return_memory(void) {
    malloc_trim(0);
}
