#define _GNU_SOURCE
#include "leaf_platform.h"
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof(leaf_peer_t) == sizeof(struct ucred), "leaf_peer_t is struct ucred");

void leaf_name_thread(const char *name) {
    char kept[16] = {0};
    strncpy(kept, name, sizeof kept - 1);
    pthread_setname_np(pthread_self(), kept);
}
