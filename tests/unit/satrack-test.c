/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/ike/satrack: each way of an attempt ends in exactly one event with the first cause; hooks of other SAs change nothing; rekeying moves
 * the identity; a migration is answered once.
 */
#include "ike/satrack.h"

#include "base/macro.h"
#include "support/test.h"

#define ATTEMPT 7
#define SA      100

struct fixture {
    struct mailbox *mailbox;
    struct satrack track;
};

static void setup(struct fixture *f)
{
    CHECK_EQ(mailbox_new(&f->mailbox), 0);
    satrack_init(&f->track, f->mailbox);
}

static void teardown(struct fixture *f)
{
    struct event event;

    CHECK(!mailbox_take(f->mailbox, ATTEMPT, &event));
    satrack_destroy(&f->track);
    mailbox_free(f->mailbox);
}

static struct ip_addr addr(const char *text)
{
    struct ip_addr parsed = { 0 };

    CHECK_EQ(ip_addr_parse(text, &parsed), 0);
    return parsed;
}

static struct flow flow(const char *local, const char *remote)
{
    return (
        struct flow){ .local = addr(local), .remote = addr(remote), .local_port = 4500, .remote_port = 4500 };
}

static void connect_to(struct fixture *f, uint32_t sa)
{
    CHECK_EQ(satrack_begin(&f->track, ATTEMPT), 0);
    CHECK(satrack_bind(&f->track, ATTEMPT, sa));
}

static void establish(struct fixture *f, uint32_t sa)
{
    struct tunnel tunnel = { .n_addrs = 1, .nat = true };
    struct flow way = flow("192.168.1.2", "203.0.113.5");
    struct ip_addr dns = addr("10.1.0.53");
    struct event event;

    connect_to(f, sa);
    satrack_add_dns(&f->track, sa, &dns);
    satrack_add_dns(&f->track, sa + 1, &dns);
    satrack_add_domain(&f->track, sa, "corp.example.com");
    satrack_add_domain(&f->track, sa + 1, "elsewhere.example.com");
    CHECK(satrack_established(&f->track, sa, &tunnel, &way));
    CHECK(mailbox_take(f->mailbox, ATTEMPT, &event));
    CHECK_EQ(event.type, EVENT_IKE_ESTABLISHED);
    CHECK_EQ(event.tunnel.attempt, ATTEMPT);
    CHECK_EQ(event.tunnel.n_dns, 1);
    if (CHECK_EQ(event.tunnel.n_domains, 1))
        CHECK_STR(event.tunnel.domains[0], "corp.example.com");
}

static void expect_end(struct fixture *f, enum event_type type, enum reason reason)
{
    struct event event = { 0 };

    CHECK(mailbox_take(f->mailbox, ATTEMPT, &event));
    CHECK_EQ(event.type, type);
    CHECK_EQ(event.failure.attempt, ATTEMPT);
    CHECK_STR(reason_name(event.failure.reason), reason_name(reason));
}

static void the_first_cause_stands(void)
{
    struct fixture f;

    setup(&f);
    connect_to(&f, SA);
    satrack_note(&f.track, SA + 1, REASON_NO_ADDRESS);
    satrack_note(&f.track, SA, REASON_GATEWAY_CERTIFICATE_REVOKED);
    satrack_note(&f.track, SA, REASON_GATEWAY_UNTRUSTED);
    CHECK(!satrack_gone(&f.track, SA + 1));
    CHECK(satrack_gone(&f.track, SA));
    expect_end(&f, EVENT_IKE_FAILED, REASON_GATEWAY_CERTIFICATE_REVOKED);
    CHECK(!satrack_gone(&f.track, SA));
    teardown(&f);
}

static void an_end_without_a_cause(void)
{
    struct fixture f;

    setup(&f);
    connect_to(&f, SA);
    satrack_gone(&f.track, SA);
    expect_end(&f, EVENT_IKE_FAILED, REASON_INTERNAL_ERROR);
    establish(&f, SA + 1);
    satrack_gone(&f.track, SA + 1);
    expect_end(&f, EVENT_IKE_CLOSED, REASON_PEER_CLOSED);
    satrack_begin(&f.track, ATTEMPT);
    satrack_fail(&f.track, ATTEMPT, REASON_GATEWAY_UNREACHABLE);
    expect_end(&f, EVENT_IKE_FAILED, REASON_GATEWAY_UNREACHABLE);
    teardown(&f);
}

static void our_own_ends(void)
{
    enum satrack_phase phase;
    struct fixture f;

    setup(&f);
    CHECK_EQ(satrack_end(&f.track, true, &phase), 0);
    establish(&f, SA);
    CHECK_EQ(satrack_end(&f.track, false, &phase), SA);
    CHECK_EQ(phase, SATRACK_UP);
    satrack_note(&f.track, SA, REASON_GATEWAY_SILENT);
    satrack_gone(&f.track, SA);
    expect_end(&f, EVENT_IKE_CLOSED, REASON_NONE);

    /* nothing stands: answered at once */
    CHECK_EQ(satrack_end(&f.track, false, &phase), 0);
    expect_end(&f, EVENT_IKE_CLOSED, REASON_NONE);

    /* silently: not a word, and what comes later of that SA is nobody's */
    establish(&f, SA + 1);
    CHECK_EQ(satrack_end(&f.track, true, &phase), SA + 1);
    CHECK(!satrack_gone(&f.track, SA + 1));

    /* before there is an SA: it must not come to be */
    satrack_begin(&f.track, ATTEMPT);
    CHECK_EQ(satrack_end(&f.track, false, &phase), 0);
    CHECK_EQ(phase, SATRACK_CONNECTING);
    expect_end(&f, EVENT_IKE_CLOSED, REASON_NONE);
    CHECK(!satrack_bind(&f.track, ATTEMPT, SA + 2));
    teardown(&f);
}

static void a_new_attempt_replaces_the_old(void)
{
    struct fixture f;

    setup(&f);
    establish(&f, SA);
    CHECK_EQ(satrack_begin(&f.track, ATTEMPT + 1), SA);
    CHECK(!satrack_bind(&f.track, ATTEMPT, SA + 1));
    CHECK(satrack_bind(&f.track, ATTEMPT + 1, SA + 2));
    CHECK(!satrack_gone(&f.track, SA));
    CHECK_EQ(satrack_attempt(&f.track), ATTEMPT + 1);
    teardown(&f);
}

static void rekeying_moves_the_identity(void)
{
    struct fixture f;

    setup(&f);
    establish(&f, SA);
    satrack_rekeyed(&f.track, SA + 5, SA + 6);
    CHECK_EQ(satrack_up(&f.track, NULL), SA);
    satrack_rekeyed(&f.track, SA, SA + 1);
    satrack_child_rekeyed(&f.track, SA);
    satrack_child_rekeyed(&f.track, SA + 1);
    CHECK_EQ(satrack_n_rekeys(&f.track), 2);
    CHECK(!satrack_gone(&f.track, SA));
    CHECK_EQ(satrack_up(&f.track, NULL), SA + 1);
    satrack_gone(&f.track, SA + 1);
    expect_end(&f, EVENT_IKE_CLOSED, REASON_PEER_CLOSED);
    teardown(&f);
}

static void expect_path(struct fixture *f, const char *local, bool nat, bool moved)
{
    struct event event = { 0 };
    char text[IP_ADDR_TEXT_SIZE];

    CHECK(mailbox_take(f->mailbox, ATTEMPT, &event));
    CHECK_EQ(event.type, EVENT_IKE_MOVED);
    CHECK_STR(ip_addr_format(&event.path.local, text, sizeof(text)), local);
    CHECK_EQ(event.path.nat, nat);
    CHECK_EQ(event.path.moved, moved);
}

static void a_migration_is_answered_once(void)
{
    struct flow old = flow("192.168.1.2", "203.0.113.5"), new = flow("100.64.0.2", "203.0.113.5"), now;
    struct path told;
    struct fixture f;

    setup(&f);
    CHECK_EQ(satrack_move(&f.track, &new.local, &new.remote), 0); /* nothing is up */
    establish(&f, SA);
    CHECK_EQ(satrack_move(&f.track, &new.local, &new.remote), SA);
    satrack_observe(&f.track, SA, &old, true, false); /* an answer of before: nothing was tried yet */
    satrack_move_begins(&f.track, SA);
    satrack_observe(&f.track, SA, &old, true, true);
    satrack_observe(&f.track, SA, &new, true, true); /* the update is still to come */
    told = satrack_path(&f.track);
    CHECK(ip_addr_equal(&told.local, &old.local));
    satrack_observe(&f.track, SA, &new, false, false);
    expect_path(&f, "100.64.0.2", false, true);
    told = satrack_path(&f.track);
    CHECK(ip_addr_equal(&told.local, &new.local));
    satrack_observe(&f.track, SA, &new, false, false); /* no news */
    CHECK_EQ(satrack_up(&f.track, &now), SA);
    CHECK(ip_addr_equal(&now.local, &new.local));

    /* the SA stayed where it was */
    CHECK_EQ(satrack_move(&f.track, &old.local, &old.remote), SA);
    satrack_move_begins(&f.track, SA);
    satrack_observe(&f.track, SA, &new, false, false);
    expect_path(&f, "100.64.0.2", false, false);

    /* no MOBIKE */
    CHECK_EQ(satrack_move(&f.track, &old.local, &old.remote), SA);
    satrack_move_failed(&f.track, SA);
    expect_path(&f, "100.64.0.2", false, false);
    satrack_move_failed(&f.track, SA);

    /* by itself: the NAT's mapping changed */
    satrack_observe(&f.track, SA, &new, true, false);
    expect_path(&f, "100.64.0.2", true, true);

    /* probing was given up, for which libcharon has no alert */
    CHECK_EQ(satrack_move(&f.track, &old.local, &old.remote), SA);
    satrack_gone(&f.track, SA);
    expect_end(&f, EVENT_IKE_CLOSED, REASON_GATEWAY_SILENT);
    teardown(&f);
}

static void a_changed_mapping_is_told(void)
{
    static const uint8_t one[SATRACK_MAPPING_BYTES] = { 1 }, two[SATRACK_MAPPING_BYTES] = { 2 };
    struct event event;
    struct fixture f;

    setup(&f);
    satrack_note_answer(&f.track, SA, one); /* nothing is up */
    establish(&f, SA);
    satrack_note_answer(&f.track, SA, one); /* the first is what the others are compared with */
    satrack_note_answer(&f.track, SA, one);
    satrack_note_answer(&f.track, SA + 1, two); /* another SA's */
    CHECK(!mailbox_take(f.mailbox, ATTEMPT, &event));
    satrack_note_answer(&f.track, SA, two);
    if (CHECK(mailbox_take(f.mailbox, ATTEMPT, &event))) {
        CHECK_EQ(event.type, EVENT_IKE_MOVED);
        CHECK(event.path.moved && event.path.mapping_changed);
    }
    satrack_note_answer(&f.track, SA, two);
    satrack_rekeyed(&f.track, SA, SA + 1);
    satrack_note_answer(&f.track, SA + 1, one); /* other SPIs, another hash */
    CHECK(!mailbox_take(f.mailbox, ATTEMPT, &event));

    satrack_repeated(&f.track, SA + 1);
    satrack_note_answer(&f.track, SA + 1, NULL);
    satrack_note_answer(&f.track, SA + 1, NULL);
    if (CHECK(mailbox_take(f.mailbox, ATTEMPT, &event)))
        CHECK(event.path.moved && event.path.late && !event.path.mapping_changed);
    CHECK(!mailbox_take(f.mailbox, ATTEMPT, &event));
    teardown(&f);
}

static void an_answer_is_told_while_connecting_only(void)
{
    struct fixture f;
    struct event event;

    setup(&f);
    connect_to(&f, SA);
    satrack_answered(&f.track, SA + 1, MSEC(5)); /* of an SA that was given up */
    satrack_answered(&f.track, SA, MSEC(30));
    CHECK(mailbox_take(f.mailbox, ATTEMPT, &event));
    CHECK_EQ(event.type, EVENT_IKE_ANSWERED);
    CHECK_EQ(event.answered.attempt, ATTEMPT);
    CHECK_EQ(event.answered.round_trip_usec, MSEC(30));
    satrack_reset(&f.track);
    establish(&f, SA);
    satrack_answered(&f.track, SA, MSEC(30));
    teardown(&f);
}

static const struct test tests[] = {
    TEST(an_answer_is_told_while_connecting_only),
    TEST(the_first_cause_stands),
    TEST(an_end_without_a_cause),
    TEST(our_own_ends),
    TEST(a_new_attempt_replaces_the_old),
    TEST(rekeying_moves_the_identity),
    TEST(a_migration_is_answered_once),
    TEST(a_changed_mapping_is_told),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
