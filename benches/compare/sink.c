// An upstream that reads the whole body of a request before it answers with its length: sink PORT.
// One thread, HTTP/1.1 with Content-Length, kept connections; started by compare.py for the uploads.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 65536 };

struct connection {
    int socket;
    size_t filled; // bytes in `buffer`
    long left;     // bytes of the body still to come; -1 while the head is read
    long length;
    char buffer[HEAD_MAX + 1];
};

static void consume(struct connection *c, size_t bytes) {
    memmove(c->buffer, c->buffer + bytes, c->filled - bytes);
    c->filled -= bytes;
}

static int answer(struct connection *c) {
    char body[64], text[256];
    int length = sprintf(body, "received %ld bytes\n", c->length);
    int size = sprintf(text, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", length, body);
    c->left = -1;
    return send(c->socket, text, size, MSG_NOSIGNAL) == size;
}

// What can be done with the bytes that are there; 0 when the connection is of no more use.
static int advance(struct connection *c) {
    for (;;) {
        if (c->left < 0) {
            c->buffer[c->filled] = 0;
            char *end = strstr(c->buffer, "\r\n\r\n");
            if (!end) return c->filled < HEAD_MAX;
            *end = 0;
            char *length = strcasestr(c->buffer, "\r\ncontent-length:");
            c->left = c->length = length ? atol(length + strlen("\r\ncontent-length:")) : 0;
            consume(c, end + 4 - c->buffer);
        }
        size_t part = c->filled < (size_t)c->left ? c->filled : (size_t)c->left;
        consume(c, part);
        c->left -= part;
        if (c->left) return 1;
        if (!answer(c)) return 0;
    }
}

static void watch(int poll, int socket, void *whose) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = whose};
    epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
}

int main(int count, char **words) {
    if (count != 2) return fputs("usage: sink PORT\n", stderr), 2;
    int one = 1, poll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return perror("sink"), 1;
    watch(poll, listener, NULL);
    struct epoll_event events[256];
    for (;;) {
        int ready = epoll_wait(poll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c) {
                int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (accepted < 0) continue;
                setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                c = malloc(sizeof *c);
                c->socket = accepted, c->filled = 0, c->left = -1;
                watch(poll, accepted, c);
                continue;
            }
            ssize_t got = recv(c->socket, c->buffer + c->filled, HEAD_MAX - c->filled, 0);
            if (got < 0 && errno == EAGAIN) continue;
            if (got > 0) c->filled += got;
            if (got <= 0 || !advance(c)) {
                close(c->socket);
                free(c);
            }
        }
    }
}
