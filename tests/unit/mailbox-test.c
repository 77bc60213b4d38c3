/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/ike/mailbox: order, attempts, bounds, and many threads that post while one takes (run under ThreadSanitizer as well).
 */
#include "ike/mailbox.h"

#include "base/macro.h"
#include "support/test.h"

#include <poll.h>
#include <pthread.h>

#define N_POSTERS 4
#define N_ENDS    200 /* of each poster */

static struct mailbox *make(void)
{
    struct mailbox *mailbox = NULL;

    CHECK_EQ(mailbox_new(&mailbox), 0);
    return mailbox;
}

static bool readable(const struct mailbox *mailbox)
{
    struct pollfd fd = { .fd = mailbox_fd(mailbox), .events = POLLIN };

    return poll(&fd, 1, 0) == 1;
}

static void post_failure(struct mailbox *mailbox, uint32_t attempt, enum event_type type)
{
    struct event event = { .type = type, .failure = { .attempt = attempt } };

    mailbox_post(mailbox, attempt, &event);
}

static void post_path(struct mailbox *mailbox, uint32_t attempt, uint8_t last_byte)
{
    struct event event = { .type = EVENT_IKE_MOVED,
        .path.local = { .family = 4, .bytes = { 10, 0, 0, last_byte } } };

    mailbox_post(mailbox, attempt, &event);
}

static void readable_exactly_while_not_empty(void)
{
    struct mailbox *mailbox = make();
    struct event event;

    CHECK(!readable(mailbox));
    CHECK(!mailbox_take(mailbox, 1, &event));
    post_failure(mailbox, 1, EVENT_IKE_FAILED);
    post_failure(mailbox, 1, EVENT_IKE_CLOSED);
    CHECK(readable(mailbox));
    CHECK(mailbox_take(mailbox, 1, &event));
    CHECK_EQ(event.type, EVENT_IKE_FAILED);
    CHECK(readable(mailbox));
    CHECK(mailbox_take(mailbox, 1, &event));
    CHECK_EQ(event.type, EVENT_IKE_CLOSED);
    CHECK(!readable(mailbox));
    post_failure(mailbox, 1, EVENT_IKE_FAILED);
    mailbox_clear(mailbox);
    CHECK(!readable(mailbox));
    CHECK(!mailbox_take(mailbox, 1, &event));
    mailbox_free(mailbox);
}

static void letters_of_another_attempt_are_dropped(void)
{
    struct mailbox *mailbox = make();
    struct event event, fetch = { .type = EVENT_FETCH_WANTED };

    post_failure(mailbox, 1, EVENT_IKE_CLOSED);
    mailbox_post(mailbox, 0, &fetch);
    post_failure(mailbox, 2, EVENT_IKE_FAILED);
    CHECK(mailbox_take(mailbox, 2, &event));
    CHECK_EQ(event.type, EVENT_FETCH_WANTED);
    CHECK(mailbox_take(mailbox, 2, &event));
    CHECK_EQ(event.failure.attempt, 2);
    CHECK(!mailbox_take(mailbox, 2, &event));
    post_failure(mailbox, 1, EVENT_IKE_CLOSED);
    CHECK(!mailbox_take(mailbox, 2, &event));
    CHECK(!readable(mailbox));
    mailbox_free(mailbox);
}

static void a_newer_report_replaces_the_one_before(void)
{
    struct mailbox *mailbox = make();
    struct event event;

    for (uint8_t i = 1; i <= 100; i++)
        post_path(mailbox, 1, i);
    CHECK(mailbox_take(mailbox, 1, &event));
    CHECK_EQ(event.path.local.bytes[3], 100);
    CHECK(!mailbox_take(mailbox, 1, &event));

    /* but not across something else: what came first stays first */
    post_path(mailbox, 1, 1);
    post_failure(mailbox, 1, EVENT_IKE_CLOSED);
    post_path(mailbox, 1, 2);
    CHECK(mailbox_take(mailbox, 1, &event));
    CHECK_EQ(event.path.local.bytes[3], 1);
    mailbox_free(mailbox);
}

static void ends_are_kept_when_it_is_full(void)
{
    struct mailbox *mailbox = make();
    struct event event, fetch = { .type = EVENT_FETCH_DONE };
    unsigned n_ends = 0;

    for (unsigned i = 0; i < MAILBOX_SIZE / 2; i++)
        post_failure(mailbox, 1, EVENT_IKE_CLOSED);
    for (unsigned i = 0; i < MAILBOX_SIZE * 3; i++)
        mailbox_post(mailbox, 0, &fetch);
    post_failure(mailbox, 1, EVENT_IKE_FAILED);
    while (mailbox_take(mailbox, 1, &event))
        n_ends += event.type != EVENT_FETCH_DONE;
    CHECK_EQ(n_ends, MAILBOX_SIZE / 2 + 1);
    mailbox_free(mailbox);
}

static void *poster_run(void *userdata)
{
    struct mailbox *mailbox = userdata;

    for (unsigned i = 0; i < N_ENDS; i++) {
        post_path(mailbox, 1, (uint8_t)i);
        post_failure(mailbox, 1, EVENT_IKE_CLOSED);
        if (i % 8 == 7)
            sched_yield();
    }
    return NULL;
}

static void threads_post_while_one_takes(void)
{
    struct mailbox *mailbox = make();
    pthread_t posters[N_POSTERS];
    unsigned n_ends = 0, n_taken = 0;
    struct event event;

    for (unsigned i = 0; i < N_POSTERS; i++)
        pthread_create(&posters[i], NULL, poster_run, mailbox);
    for (unsigned quiet = 0; quiet < 50;) {
        struct pollfd fd = { .fd = mailbox_fd(mailbox), .events = POLLIN };

        if (poll(&fd, 1, 20) == 0) {
            quiet++;
            continue;
        }
        quiet = 0;
        while (mailbox_take(mailbox, 1, &event)) {
            n_taken++;
            n_ends += event.type == EVENT_IKE_CLOSED;
            CHECK(event.type == EVENT_IKE_CLOSED || event.path.local.family == 4);
        }
    }
    for (unsigned i = 0; i < N_POSTERS; i++)
        pthread_join(posters[i], NULL);
    CHECK(!mailbox_take(mailbox, 1, &event));
    CHECK_LE(n_taken, N_POSTERS * N_ENDS * 2);
    CHECK_GE(n_ends, MAILBOX_SIZE); /* a flood beyond the ring may lose the oldest ends, never the newest */
    CHECK(!readable(mailbox));
    mailbox_free(mailbox);
}

static const struct test tests[] = {
    TEST(readable_exactly_while_not_empty),
    TEST(letters_of_another_attempt_are_dropped),
    TEST(a_newer_report_replaces_the_one_before),
    TEST(ends_are_kept_when_it_is_full),
    TEST(threads_post_while_one_takes),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
