// A load that wrk lacks: many kept connections, few of them busy at a time, in turn: walk PORT CONNECTIONS BUSY SECONDS.
// Says at its end how many answers were good and how many requests failed; started by compare.py for the workload `many`.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

struct connection {
    int socket, under_way;
    int filled, needed; // bytes that came of an answer, bytes of the whole; 0 while its head is read
    char buffer[2048];
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int dial(int port) {
    int one = 1, made = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(made, (void *)&address, sizeof address)) return perror("walk"), exit(1), -1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return made;
}

// Reads on: 1 when the answer is whole, 0 when more must come, -1 when the connection is lost.
static int advance(struct connection *c) {
    ssize_t got = recv(c->socket, c->buffer + c->filled, sizeof c->buffer - 1 - c->filled, MSG_DONTWAIT);
    if (got <= 0) return got < 0 && errno == EAGAIN ? 0 : -1;
    c->filled += got;
    c->buffer[c->filled] = 0;
    if (!c->needed) {
        char *end = strstr(c->buffer, "\r\n\r\n"), *length = strcasestr(c->buffer, "\r\ncontent-length:");
        if (!end) return 0;
        if (!length) return -1;
        c->needed = end + 4 - c->buffer + atoi(length + strlen("\r\ncontent-length:"));
    }
    return c->filled >= c->needed;
}

int main(int count, char **words) {
    if (count != 5) return fputs("usage: walk PORT CONNECTIONS BUSY SECONDS\n", stderr), 2;
    int all = atoi(words[2]), busy = atoi(words[3]), poll = epoll_create1(0);
    struct connection *connections = calloc(all, sizeof *connections);
    for (int i = 0; i < all; i++) {
        connections[i].socket = dial(atoi(words[1]));
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].socket, &event);
    }
    // A ring of those that rest: whoever has rested longest is next.
    int *resting = malloc(sizeof *resting * (all + 1)), first = 0, behind = all, under_way = 0;
    for (int i = 0; i < all; i++) resting[i] = i;
    long good = 0, failed = 0;
    double until = now() + atof(words[4]);
    struct epoll_event events[256];
    for (;;) {
        int going = now() < until;
        while (going && under_way < busy && first != behind) {
            struct connection *c = &connections[resting[first]];
            first = (first + 1) % (all + 1);
            c->filled = c->needed = 0;
            if (send(c->socket, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL) != sizeof REQUEST - 1) failed++;
            else c->under_way = 1, under_way++;
        }
        if (!under_way) break;
        int ready = epoll_wait(poll, events, 256, 1000);
        if (!ready && !going) {
            failed += under_way;
            break;
        }
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            int state = advance(c);
            if (!state) continue;
            under_way -= c->under_way;
            if (state < 0) {
                // One that ends while it rests fails too, once: here, or when its turn comes.
                failed += c->under_way;
                epoll_ctl(poll, EPOLL_CTL_DEL, c->socket, NULL);
                shutdown(c->socket, SHUT_RDWR);
                c->under_way = 0;
                continue;
            }
            c->under_way = 0;
            if (memcmp(c->buffer + strlen("HTTP/1.1 "), "200", 3)) failed++;
            else good++;
            resting[behind] = c - connections;
            behind = (behind + 1) % (all + 1);
        }
    }
    printf("good %ld failed %ld\n", good, failed);
}
