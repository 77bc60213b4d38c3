/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: netlink requests built by hand, one behind the other, and what the kernel answers. Knows nothing of what they say. All
 * requests of one batch carry one sequence number, so that whatever comes back late is told from the answer to the next. Never allocates.
 */
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BATCH_SIZE        16384
#define BATCH_ANSWER_SIZE 32768 /* the kernel's largest datagram of a dump */

/* What does not fit is remembered, and then nothing is sent. */
struct batch {
    _Alignas(struct nlmsghdr) char bytes[BATCH_SIZE];
    size_t n_bytes;
    size_t message_at;         /* the last header */
    uint32_t sequence, sender; /* sender: 0, or what some families repeat in their notifications */
    uint32_t n_wanted_acks;
    bool overflow;
};

union batch_answer {
    struct nlmsghdr header;
    char bytes[BATCH_ANSWER_SIZE];
};

/* A socket of this netlink family, with a limit of time for answers. A descriptor; -EOPNOTSUPP: the kernel does not have the family. */
int batch_open(int family);

/* A socket that hears this family's groups (a mask of 1 << (group - 1)), without blocking. A descriptor or negative errno. */
int batch_listen(int family, uint32_t groups, int buffer_bytes);

void batch_init(struct batch *batch, uint32_t sequence); /* sender: 0 */

/* A message with this body; attributes follow, then batch_end(). */
void batch_start(struct batch *batch, uint16_t type, uint16_t flags, const void *body, size_t n_bytes);
void batch_end(struct batch *batch);
void batch_put(struct batch *batch, uint16_t type, const void *bytes, size_t n_bytes);
void batch_put_text(struct batch *batch, uint16_t type, const char *text);
size_t batch_start_nest(struct batch *batch, uint16_t type); /* for batch_end_nest() */
void batch_end_nest(struct batch *batch, size_t at);

int batch_send(int fd, const struct batch *batch);

/* The next datagram that belongs to this batch; its size in bytes, or negative errno of the socket. */
int batch_receive(int fd, uint32_t sequence, union batch_answer *ret);

/* An error message's errno, 0 for an acknowledgement, 1 where the message is none. */
int batch_error_of(const struct nlmsghdr *message);

/* Sends, and reads one acknowledgement for each request that wanted one. 0, or the first error: what followed it is left unread. */
int batch_run(int fd, const struct batch *batch);

/* The first attribute of this type behind a body of so many bytes; its size. NULL: there is none. */
const void *batch_find(const struct nlmsghdr *message, size_t body_bytes, uint16_t type, size_t *ret_size);
