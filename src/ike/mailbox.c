/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring under a mutex and an eventfd that is readable exactly while the ring is not empty. See mailbox.h.
 */
#include "ike/mailbox.h"

#include "base/macro.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct letter {
    uint32_t attempt;
    struct event event;
};

struct mailbox {
    pthread_mutex_t lock;
    int event_fd;
    uint32_t first, n_letters;
    struct letter letters[MAILBOX_SIZE];
};

int mailbox_new(struct mailbox **ret)
{
    struct mailbox *mailbox = calloc(1, sizeof(*mailbox));

    if (!mailbox)
        return -ENOMEM;
    mailbox->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mailbox->event_fd < 0) {
        int r = -errno;

        free(mailbox);
        return r;
    }
    pthread_mutex_init(&mailbox->lock, NULL);
    *ret = mailbox;
    return 0;
}

void mailbox_free(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    pthread_mutex_destroy(&mailbox->lock);
    close(mailbox->event_fd);
    free(mailbox);
}

int mailbox_fd(const struct mailbox *mailbox)
{
    return mailbox->event_fd;
}

static struct letter *letter_at(struct mailbox *mailbox, uint32_t index)
{
    return &mailbox->letters[(mailbox->first + index) % MAILBOX_SIZE];
}

/* A report that a newer one of the same type makes worthless. */
static bool event_is_report(enum event_type type)
{
    return type == EVENT_TRAFFIC || type == EVENT_IKE_MOVED || type == EVENT_PATH_MTU;
}

/* The end or the beginning of something: without it the core would wait for ever. */
static bool event_is_vital(enum event_type type)
{
    return type == EVENT_IKE_ESTABLISHED || type == EVENT_IKE_FAILED || type == EVENT_IKE_CLOSED;
}

static void remove_at(struct mailbox *mailbox, uint32_t index)
{
    for (uint32_t i = index; i + 1 < mailbox->n_letters; i++)
        *letter_at(mailbox, i) = *letter_at(mailbox, i + 1);
    mailbox->n_letters--;
}

/* A report stands for the last in the row only: an older one before an answer keeps its place. */
static void remove_superseded(struct mailbox *mailbox, uint32_t attempt, enum event_type type)
{
    struct letter *last;

    if (!event_is_report(type) || mailbox->n_letters == 0)
        return;
    last = letter_at(mailbox, mailbox->n_letters - 1);
    if (last->attempt == attempt && last->event.type == type)
        mailbox->n_letters--;
}

static void make_room(struct mailbox *mailbox)
{
    if (mailbox->n_letters < MAILBOX_SIZE)
        return;
    for (uint32_t i = 0; i < mailbox->n_letters; i++) {
        if (!event_is_vital(letter_at(mailbox, i)->event.type)) {
            remove_at(mailbox, i);
            return;
        }
    }
    /* Only ends of attempts: the oldest is of an attempt that is long over. */
    remove_at(mailbox, 0);
}

void mailbox_post(struct mailbox *mailbox, uint32_t attempt, const struct event *event)
{
    struct letter *letter;

    pthread_mutex_lock(&mailbox->lock);
    remove_superseded(mailbox, attempt, event->type);
    make_room(mailbox);
    letter = letter_at(mailbox, mailbox->n_letters++);
    letter->attempt = attempt;
    letter->event = *event;
    eventfd_write(mailbox->event_fd, 1);
    pthread_mutex_unlock(&mailbox->lock);
}

bool mailbox_take(struct mailbox *mailbox, uint32_t attempt, struct event *ret)
{
    bool found = false;

    pthread_mutex_lock(&mailbox->lock);
    while (!found && mailbox->n_letters > 0) {
        struct letter *letter = letter_at(mailbox, 0);

        if (letter->attempt == 0 || letter->attempt == attempt) {
            *ret = letter->event;
            found = true;
        }
        mailbox->first = (mailbox->first + 1) % MAILBOX_SIZE;
        mailbox->n_letters--;
    }
    if (mailbox->n_letters == 0) {
        eventfd_t count;

        eventfd_read(mailbox->event_fd, &count);
    }
    pthread_mutex_unlock(&mailbox->lock);
    return found;
}

void mailbox_clear(struct mailbox *mailbox)
{
    eventfd_t count;

    pthread_mutex_lock(&mailbox->lock);
    mailbox->n_letters = 0;
    eventfd_read(mailbox->event_fd, &count);
    pthread_mutex_unlock(&mailbox->lock);
}
