/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Where the threads of libcharon and of the data path end: events are copied in by any thread and taken out by the daemon's one thread,
 * which an eventfd wakes. Every letter carries the attempt it belongs to; letters of another attempt than the current one are dropped on
 * the way out. Bounded: a newer report of the path or of the traffic replaces an older one, ends of attempts are never lost.
 * Knows nothing of libcharon, never decides what an event means.
 */
#include "core/event.h"

#define MAILBOX_SIZE 32

struct mailbox;

int mailbox_new(struct mailbox **ret);
void mailbox_free(struct mailbox *mailbox);

/* Readable while there is a letter. */
int mailbox_fd(const struct mailbox *mailbox);

/* attempt 0: belongs to none, is always delivered. Any thread. */
void mailbox_post(struct mailbox *mailbox, uint32_t attempt, const struct event *event);

/* The next letter of this attempt (or of none); false: empty. */
bool mailbox_take(struct mailbox *mailbox, uint32_t attempt, struct event *ret);

/* Forgets everything that was not taken. */
void mailbox_clear(struct mailbox *mailbox);
