/* A server of the simple dialect: `set` stores a value under a key, `get` retrieves it.
 *
 *     gcc -std=c11 -O2 -Wall -Wextra -o server server.c && ./server PORT
 *
 * It listens on 127.0.0.1 only; all connections share one store. One thread serves them all with
 * poll(). Each connection is in one of three states: it awaits a line, awaits a value, or skips.
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <search.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LINE_LIMIT = 262144, VALUE_LIMIT = 1048576, MAX_CLIENTS = 10000 };

struct word { const char *at; size_t len; }; /* no word, if len is 0 */

struct item { /* a key and its value, stored as the reply to a get: VALUE <key> <n> LF <value> LF */
    size_t refs; /* one for the store, and one for each pending reply */
    struct word key;
    size_t size;
    char reply[];
};

struct reply { const char *at; size_t len; struct item *item; }; /* item: owns at, or NULL */

struct client {
    enum { AWAIT_LINE, AWAIT_VALUE, SKIP } state;
    struct item *item; /* the item whose value is awaited, and where its next byte goes */
    char *fill;
    uint64_t to_skip; /* bytes to skip before the LF that ends the skipping; else 0 */
    struct reply *replies; /* those from n_sent to n_replies are pending */
    size_t n_sent, n_replies, room;
    char *line; /* the beginning of a line; its capacity is LINE_LIMIT */
    size_t line_len;
};

static void *checked(void *result, const char *what) {
    if (result) return result;
    perror(what);
    exit(1);
}

/* ---- The store: a balanced tree of items. ---- */

static void *root;

static int compare(const void *left, const void *right) {
    const struct word *a = &((const struct item *)left)->key;
    const struct word *b = &((const struct item *)right)->key;
    return a->len == b->len ? memcmp(a->at, b->at, a->len) : a->len < b->len ? -1 : 1;
}

static struct item *new_item(struct word key, size_t n) {
    static const char head[] = "VALUE %.*s %zu\n";
    size_t size = (size_t)snprintf(NULL, 0, head, (int)key.len, key.at, n) + n + 1;
    struct item *item = checked(malloc(sizeof *item + size), "malloc");
    *item = (struct item){ 1, { item->reply + 6, key.len }, size };
    snprintf(item->reply, size, head, (int)key.len, key.at, n);
    item->reply[size - 1] = '\n';
    return item;
}

static void release(struct item *item) {
    if (item && --item->refs == 0) free(item);
}

static void store(struct item *item) {
    struct item **node = checked(tsearch(item, &root, compare), "tsearch");
    if (*node != item) release(*node);
    *node = item;
}

static struct item *find(struct word key) {
    struct item **node = tfind(&(struct item){ .key = key }, &root, compare);
    return node ? *node : NULL;
}

/* ---- The protocol: each state consumes bytes from at on, and returns where it stopped. ---- */

static void reply(struct client *c, const char *at, size_t len, struct item *item) {
    if (c->n_replies == c->room) {
        c->room = c->room ? 2 * c->room : 16;
        c->replies = checked(realloc(c->replies, c->room * sizeof *c->replies), "realloc");
    }
    if (item) item->refs++;
    c->replies[c->n_replies++] = (struct reply){ at, len, item };
}

static void reply_text(struct client *c, const char *text) { reply(c, text, strlen(text), NULL); }

static struct word next_word(const char **at, const char *end) {
    while (*at < end && **at == ' ') ++*at;
    const char *start = *at;
    while (*at < end && **at != ' ') ++*at;
    return (struct word){ start, (size_t)(*at - start) };
}

static bool is(struct word word, const char *text) {
    return word.len == strlen(text) && memcmp(word.at, text, word.len) == 0;
}

static bool is_key(struct word word) {
    static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    for (size_t i = 0; i < word.len; i++)
        if (!memchr(bytes, word.at[i], sizeof bytes - 1)) return false;
    return true;
}

static bool read_count(struct word word, uint64_t *n) { /* above UINT64_MAX: UINT64_MAX */
    *n = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9') return false;
        unsigned digit = (unsigned)(word.at[i] - '0');
        *n = *n > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *n * 10 + digit;
    }
    return true;
}

static void handle_line(struct client *c) {
    bool carriage_return = c->line_len > 0 && c->line[c->line_len - 1] == '\r';
    const char *at = c->line, *end = c->line + c->line_len - carriage_return;
    struct word command = next_word(&at, end);
    const char *after_command = at;
    struct word key = next_word(&at, end), count = next_word(&at, end);
    bool is_get = is(command, "get") && key.len > 0;
    bool is_set = is(command, "set") && count.len > 0 && next_word(&at, end).len == 0;
    uint64_t n = 0;
    bool has_block = is_set && read_count(count, &n);
    bool keys_are_good = is_key(key);
    at = after_command;
    for (struct word w; is_get && (w = next_word(&at, end)).len > 0;) keys_are_good &= is_key(w);

    const char *error = NULL; /* the first that applies, in the order of `errors/order` */
    if (carriage_return) error = "CLIENT_ERROR the line ends with CR LF, not with LF\n";
    else if (!is_get && !is_set) error = "ERROR\n";
    else if (is_set && !has_block) error = "CLIENT_ERROR the count is not decimal digits\n";
    else if (n > VALUE_LIMIT) error = "SERVER_ERROR the value is too large\n";
    else if (!keys_are_good) error = "CLIENT_ERROR a key has a byte that no key has\n";
    if (error) {
        reply_text(c, error);
        if (has_block) {
            c->to_skip = n;
            c->state = SKIP;
        }
    } else if (is_set) {
        c->item = new_item(key, (size_t)n);
        c->fill = c->item->reply + c->item->size - 1 - n;
        c->state = AWAIT_VALUE;
    } else {
        for (at = after_command; (key = next_word(&at, end)).len > 0;) {
            struct item *item = find(key);
            if (item) reply(c, item->reply, item->size, item);
        }
        reply_text(c, "END\n");
    }
}

static const char *await_line(struct client *c, const char *at, const char *end) {
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    size_t len = (size_t)((lf ? lf : end) - at);
    if (c->line_len + len > LINE_LIMIT) {
        reply_text(c, "CLIENT_ERROR the line is too long\n");
        c->state = SKIP;
        c->line_len = 0;
        return at + len;
    }
    memcpy(c->line + c->line_len, at, len);
    c->line_len += len;
    if (!lf) return end;
    handle_line(c);
    c->line_len = 0;
    return lf + 1;
}

static const char *await_value(struct client *c, const char *at, const char *end) {
    size_t len = (size_t)(c->item->reply + c->item->size - 1 - c->fill);
    if (len > (size_t)(end - at)) len = (size_t)(end - at);
    memcpy(c->fill, at, len);
    c->fill += len;
    at += len;
    if (at == end) return end; /* the byte after the value has not arrived yet */
    if (*at == '\n') {
        store(c->item);
        reply_text(c, "STORED\n");
        c->state = AWAIT_LINE;
    } else {
        release(c->item);
        reply_text(c, "CLIENT_ERROR the data block is not followed by LF\n");
        c->state = SKIP;
    }
    c->item = NULL;
    return at + 1;
}

static const char *skip(struct client *c, const char *at, const char *end) {
    size_t len = c->to_skip < (size_t)(end - at) ? (size_t)c->to_skip : (size_t)(end - at);
    c->to_skip -= len;
    at += len;
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    if (!lf) return end;
    c->state = AWAIT_LINE;
    return lf + 1;
}

/* ---- Sockets. ---- */

static bool send_replies(struct client *c, int fd) { /* one writev(); false if it fails */
    struct iovec parts[64];
    int n = 0;
    for (size_t i = c->n_sent; i < c->n_replies && n < 64; i++)
        parts[n++] = (struct iovec){ (void *)c->replies[i].at, c->replies[i].len };
    ssize_t sent = writev(fd, parts, n);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    for (size_t left = (size_t)sent; left > 0;) {
        struct reply *first = &c->replies[c->n_sent];
        size_t len = left < first->len ? left : first->len;
        first->at += len;
        first->len -= len;
        left -= len;
        if (first->len > 0) break;
        release(first->item);
        c->n_sent++;
    }
    if (c->n_sent == c->n_replies) c->n_sent = c->n_replies = 0;
    return true;
}

/* Reads only when no reply is pending. So a client that does not read is not read from, and all
 * replies are sent before the connection is closed. Returns false if it has to be closed. */
static bool serve(struct client *c, int fd) {
    static char chunk[65536];
    if (c->n_replies > 0) return send_replies(c, fd);
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR);
    for (const char *at = chunk, *end = chunk + n; at < end;)
        at = c->state == AWAIT_LINE ? await_line(c, at, end)
           : c->state == AWAIT_VALUE ? await_value(c, at, end) : skip(c, at, end);
    return c->n_replies == 0 || send_replies(c, fd);
}

static void close_client(struct client *c, int fd) {
    for (size_t i = c->n_sent; i < c->n_replies; i++) release(c->replies[i].item);
    release(c->item);
    free(c->replies);
    free(c->line);
    close(fd);
}

int main(int argc, char **argv) {
    int port = argc == 2 ? atoi(argv[1]) : 0, on = 1;
    if (port < 1 || port > 65535) return fprintf(stderr, "usage: %s PORT\n", argv[0]), 2;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    fcntl(listener, F_SETFL, O_NONBLOCK); /* a client may disconnect before it is accepted */
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0
        || listen(listener, 1024) < 0) return perror("listen"), 1;
    signal(SIGPIPE, SIG_IGN); /* writev() returns the error */

    static struct pollfd polls[MAX_CLIENTS + 1]; /* 0 is the listener, the clients follow */
    static struct client clients[MAX_CLIENTS + 1];
    nfds_t n = 1;
    polls[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
    for (;;) {
        for (nfds_t i = 1; i < n; i++) polls[i].events = clients[i].n_replies ? POLLOUT : POLLIN;
        if (poll(polls, n, polls[0].fd < 0 ? 1000 : -1) < 0) continue;
        for (nfds_t i = n - 1; i > 0; i--) { /* downwards: the last client replaces a closed one */
            if (!polls[i].revents || serve(&clients[i], polls[i].fd)) continue;
            close_client(&clients[i], polls[i].fd);
            polls[i] = polls[--n];
            clients[i] = clients[n];
        }
        polls[0].fd = listener;
        if (!polls[0].revents) continue;
        int fd = n <= MAX_CLIENTS ? accept(listener, NULL, NULL) : -1;
        if (fd < 0) { /* if there is no room, retry later: a client may disconnect */
            if (n > MAX_CLIENTS || errno == EMFILE || errno == ENFILE) polls[0].fd = -1;
            continue;
        }
        fcntl(fd, F_SETFL, O_NONBLOCK);
        /* otherwise a second reply waits until the first is acknowledged */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        char *line = checked(malloc(LINE_LIMIT), "malloc"); /* unwritten pages take no memory */
        clients[n] = (struct client){ .state = AWAIT_LINE, .line = line };
        polls[n++] = (struct pollfd){ .fd = fd };
    }
}
