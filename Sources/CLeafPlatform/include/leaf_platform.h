// What Linux offers and Swift's Glibc module hides: macros with casts, GNU structs, variadic calls.
#ifndef LEAF_PLATFORM_H
#define LEAF_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

/// What SO_PEERCRED tells of the process at the other end of a Unix socket, as the kernel saw it at connect: `struct
/// ucred`, which Swift does not see.
typedef struct leaf_peer {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
} leaf_peer_t;

/// The type number of the file system that holds `path` (statfs, `f_type`); -1 if it cannot be examined (errno says
/// why).
int64_t leaf_file_system_type(const char *path);

/// When a file was born, in nanoseconds since 1970; 0 if its file system does not tell (statx, STATX_BTIME). The file is
/// the one at `path`, which is not opened, or the open one where `path` is empty.
///
/// It tells a file from one that took its inode number: on ext4 `rm` and `cp` mostly give the number again.
uint64_t leaf_birth_time_ns(int32_t descriptor, const char *path);

/// What tells one file from another, and whether it has other names.
typedef struct leaf_file {
    uint64_t device;
    uint64_t inode;
    /// As `leaf_birth_time_ns` has it.
    uint64_t birth_ns;
    /// How many hard links there are.
    uint64_t link_count;
    /// Whether the file itself is mounted at this path; false also where the kernel does not tell (before 5.8).
    bool is_mount_root;
} leaf_file_t;

/// Examines the file at `path`, which is not opened, or the open one where `path` is empty (statx; symbolic links are
/// followed).
///
/// Returns 0, or an error number.
int leaf_examine_file(int32_t descriptor, const char *path, leaf_file_t *file);

/// Starts `file` with default signals and /dev/null as its input; its output and errors go into the pipe whose reading
/// end is put into `output` (close-on-exec). It inherits no other descriptor.
///
/// Returns 0, or an error number.
int leaf_spawn_reading(const char *file, char *const *arguments, char *const *environment, int32_t *pid,
                       int32_t *output);

/// The process's environment, ended by NULL.
char **leaf_environment(void);

/// Has large pieces of memory go back to the system as soon as they are free, however many come and go: else the heap
/// keeps what the largest of them took.
void leaf_keep_little_memory(void);
/// Gives the memory that is free now back to the system.
void leaf_return_memory(void);

/// Names the calling thread, as `ps -L` shows it; Linux keeps the first 15 bytes.
void leaf_name_thread(const char *name);

#endif
