// The floor of what a server of counters costs on this machine: an epoll loop that reads, counts the requests, formats
// an integer for each, and writes all answers to a read at once. It looks at nothing in a request but where it ends:
// no command, no key. What a real server costs above this is the price of what it does.
//
//     leaf-floor SOCKET
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EVENTS = 256, READ_BYTES = 64 * 1024, PENDING_BYTES = 1024, REPLY_BYTES = 24 };

// The rest of a request that a read has cut.
struct client {
    int descriptor;
    size_t pending;
    char bytes[PENDING_BYTES];
};

static uint64_t counter;

static void fail(const char *what) {
    fprintf(stderr, "leaf-floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

// ":N\r\n", as Redis answers INCR. Returns the end.
static char *format(char *out, uint64_t number) {
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    *out++ = ':';
    while (count > 0) *out++ = digits[--count];
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

// The number after '*' or '$', and the line's end after it. NULL if the line is not complete.
static const char *number(const char *at, const char *end, size_t *value) {
    *value = 0;
    for (at++; at < end && *at != '\r'; at++) *value = *value * 10 + (size_t)(*at - '0');
    return end - at >= 2 ? at + 2 : NULL;
}

// One request: an array of bulk strings, or a line. NULL if it is not complete.
static const char *skip_request(const char *at, const char *end) {
    if (*at != '*') {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        return newline ? newline + 1 : NULL;
    }
    size_t words, length;
    for (at = number(at, end, &words); at && words > 0; words--) {
        if (at >= end || !(at = number(at, end, &length)) || (size_t)(end - at) < length + 2) return NULL;
        at += length + 2;
    }
    return at;
}

// Returns false once the client has gone. A client that does not read its answers is not waited for.
static int serve(struct client *client) {
    static char in[PENDING_BYTES + READ_BYTES], out[(PENDING_BYTES + READ_BYTES) * REPLY_BYTES];
    memcpy(in, client->bytes, client->pending);
    ssize_t got = read(client->descriptor, in + client->pending, READ_BYTES);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    const char *at = in, *end = in + client->pending + got, *next;
    char *reply = out;
    while (at < end && (next = skip_request(at, end))) {
        reply = format(reply, ++counter);
        at = next;
    }
    client->pending = (size_t)(end - at);
    if (client->pending > PENDING_BYTES) return 0;
    memcpy(client->bytes, at, client->pending);
    return reply == out || write(client->descriptor, out, (size_t)(reply - out)) == reply - out;
}

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        fail(path);
    }
    strcpy(address.sun_path, path);
    unlink(path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 511) != 0)
        fail(path);
    return listener;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: leaf-floor SOCKET\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_at(argv[1]), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) fail("epoll");
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int index = 0; index < count; index++) {
            struct client *client = events[index].data.ptr;
            if (!client) {
                if (!(client = calloc(1, sizeof *client))) fail("memory");
                client->descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (client->descriptor < 0) fail("accept");
                event.data.ptr = client;
                if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->descriptor, &event) != 0) fail("epoll_ctl");
            } else if (!serve(client)) {
                close(client->descriptor);
                free(client);
            }
        }
    }
}
