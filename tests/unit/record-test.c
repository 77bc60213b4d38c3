/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record format: every event comes back as it was, whatever it holds; the largest fits in a line; what is not an event is refused and
 * leaves the outputs untouched; the form is the one that is documented.
 */
#include "base/macro.h"
#include "base/prng.h"
#include "daemon/record.h"
#include "support/any-event.h"
#include "support/test.h"

#include <errno.h>

static char line[RECORD_LINE_MAX_BYTES], again[RECORD_LINE_MAX_BYTES];

static void random_bytes(struct prng *prng, uint8_t *ret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = (uint8_t)prng_next(prng);
}

static bool events_equal(const struct event *a, const struct event *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == EVENT_POLICY)
        return a->ike_changed == b->ike_changed && memcmp(a->policy, b->policy, sizeof(*a->policy)) == 0;
    if (a->type == EVENT_LINKS)
        return memcmp(a->links, b->links, sizeof(*a->links)) == 0;
    return memcmp(a, b, sizeof(*a)) == 0;
}

static void every_event_comes_back(void)
{
    static uint8_t bytes[16384];
    static struct any_event_storage made_storage;
    static struct record_storage read_storage;
    struct prng prng = { 20260101 };
    unsigned n_of_type[N_EVENTS] = { 0 };

    for (unsigned i = 0; i < 20000; i++) {
        struct byte_stream stream = { bytes, sizeof(bytes) };
        struct event made, read;
        usec_t now_usec = prng_between(&prng, 0, HOURS(24 * 365)), read_usec = 0;
        struct strbuf s;

        test_context("event %u", i);
        random_bytes(&prng, bytes, 256);
        random_bytes(&prng, bytes + 256 + prng_between(&prng, 0, 15000), 1000);
        any_event(&stream, now_usec, &made_storage, &made);
        n_of_type[made.type]++;
        strbuf_init(&s, line, sizeof(line));
        record_format_event(now_usec, &made, &s);
        CHECK(!s.truncated);
        if (!CHECK_EQ(record_parse_event(line, &read_usec, &read_storage, &read), 0)) {
            fprintf(stderr, "%s\n", line);
            return;
        }
        CHECK_EQ(read_usec, now_usec);
        if (!CHECK(events_equal(&made, &read))) {
            strbuf_init(&s, again, sizeof(again));
            record_format_event(read_usec, &read, &s);
            fprintf(stderr, "%s\n%s\n", line, again);
            return;
        }
    }
    for (unsigned t = 0; t < N_EVENTS; t++)
        CHECK_GE(n_of_type[t], 100);
}

static void policy_of_the_beginning_comes_back(void)
{
    static uint8_t bytes[16384];
    struct prng prng = { 4 };

    for (unsigned i = 0; i < 1000; i++) {
        struct byte_stream stream = { bytes, sizeof(bytes) };
        struct policy made, read;
        uint64_t seed = prng_next(&prng), read_seed = 0;
        struct strbuf s;

        random_bytes(&prng, bytes, sizeof(bytes));
        any_policy(&stream, &made);
        strbuf_init(&s, line, sizeof(line));
        record_format_begin(seed, &made, &s);
        CHECK(!s.truncated);
        CHECK_EQ(record_parse_begin(line, &read_seed, &read), 0);
        CHECK(read_seed == seed);
        CHECK_MEM(&read, &made, sizeof(made));
    }
}

static void fill_text(char *ret, size_t size)
{
    memset(ret, 0xff, size); /* three bytes of text each */
    ret[size - 1] = '\0';
}

static struct ip_addr longest_addr(void)
{
    struct ip_addr addr;

    ip_addr_parse("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &addr);
    return addr;
}

static void largest_snapshot_fits(void)
{
    static struct link_set links;
    struct event event = { .type = EVENT_LINKS, .links = &links };
    struct strbuf s;

    links.n_links = LINK_SET_MAX;
    for (uint32_t i = 0; i < LINK_SET_MAX; i++) {
        struct link *link = &links.links[i];
        *link = (struct link){ .ifindex = INT32_MIN,
            .type = LINK_TYPE_CONTAINER,
            .up = true,
            .carrier = true,
            .metered = true,
            .roaming = true,
            .wake_on_incoming = true,
            .mtu = UINT32_MAX,
            .n_addrs = LINK_ADDRS_MAX,
            .n_routes = LINK_ROUTES_MAX };
        fill_text(link->name, sizeof(link->name));
        for (uint32_t k = 0; k < LINK_ADDRS_MAX; k++)
            link->addrs[k] = (struct link_addr){ longest_addr(), 128 };
        for (uint32_t k = 0; k < LINK_ROUTES_MAX; k++)
            link->routes[k] = (struct link_route){ { longest_addr(), 128 }, longest_addr(), UINT32_MAX };
    }
    strbuf_init(&s, line, sizeof(line));
    record_format_event(SEC(1000000000000), &event, &s);
    CHECK(!s.truncated);
}

static void largest_policy_fits_and_comes_back(void)
{
    static struct policy policy, read;
    uint64_t seed;
    struct strbuf s;

    policy = (struct policy){ .complete = true,
        .n_gateways = POLICY_GATEWAYS_MAX,
        .n_subnets = POLICY_SUBNETS_MAX,
        .n_prefer = POLICY_NAMES_MAX,
        .n_ignore = POLICY_NAMES_MAX,
        .n_cellular_services = POLICY_NAMES_MAX };
    for (uint32_t i = 0; i < POLICY_GATEWAYS_MAX; i++) {
        policy.gateways[i] = (struct gateway){ .port = 65535, .literal = longest_addr() };
        fill_text(policy.gateways[i].name, GATEWAY_NAME_SIZE);
    }
    for (uint32_t i = 0; i < POLICY_SUBNETS_MAX; i++)
        policy.subnets[i] = (struct ip_prefix){ longest_addr(), 128 };
    for (uint32_t i = 0; i < POLICY_NAMES_MAX; i++) {
        fill_text(policy.prefer[i], PATTERN_SIZE);
        fill_text(policy.ignore[i], PATTERN_SIZE);
        fill_text(policy.cellular_services[i], IF_NAME_SIZE);
    }
    strbuf_init(&s, line, sizeof(line));
    record_format_begin(UINT64_MAX, &policy, &s);
    CHECK(!s.truncated);
    CHECK_EQ(record_parse_begin(line, &seed, &read), 0);
    CHECK_MEM(&read, &policy, sizeof(policy));
}

static void lines_look_as_documented(void)
{
    struct event event = { .type = EVENT_IKE_FAILED, .failure = { 3, REASON_GATEWAY_SILENT } };
    struct action_list actions = { .n_actions = 2,
        .actions = { { .type = ACTION_FIREWALL }, { .type = ACTION_IKE_INITIATE } } };
    struct policy policy = {
        .complete = true, .n_gateways = 1, .gateways = { { .name = "vpn.example.com", .port = 500 } }
    };
    struct strbuf s;

    strbuf_init(&s, line, sizeof(line));
    record_format_event(12345678, &event, &s);
    CHECK_STR(line, "@12.345678 ike-failed attempt=3 reason=gateway-silent");
    strbuf_init(&s, line, sizeof(line));
    record_format_begin(7, &policy, &s);
    CHECK_STR(line, "begin seed=7 complete=yes gateway=vpn.example.com,500,none");
    strbuf_init(&s, line, sizeof(line));
    record_format_outcome(STATE_CONNECTING, REASON_RETRYING, &actions, &s);
    CHECK_STR(line, "# connecting (retrying): firewall ike-initiate");
}

static void hand_written_moments(void)
{
    struct record_storage storage;
    struct event event;
    usec_t now_usec = SEC(100);

    CHECK_EQ(record_parse_event("timer out=now in=-1.5s unanswered=-2min", &now_usec, &storage, &event), 0);
    CHECK_EQ(now_usec, SEC(100));
    CHECK_EQ(event.traffic.last_out_at_usec, SEC(100));
    CHECK_EQ(event.traffic.last_in_at_usec, MSEC(98500));
    CHECK_EQ(event.traffic.unanswered_at_usec, 0);
    CHECK_EQ(record_parse_event("  @200 timer\tout=now \n", &now_usec, &storage, &event), 0);
    CHECK_EQ(now_usec, SEC(200));
    CHECK_EQ(event.traffic.last_out_at_usec, SEC(200));
}

static void nonsense_is_refused(void)
{
    static const char *const bad[] = { "", " ", "@", "@1", "@x timer", "@1.0 ", "@-1 timer", "nothing",
        "Timer", "timer out", "timer =1", "timer out=", "timer out=1 out", "timer foo=1",
        "start enabled=true", "start enabled=", "ike-failed attempt=-1 reason=retrying",
        "ike-failed attempt=4294967296", "ike-failed attempt=+1", "ike-failed attempt=1x",
        "ike-failed reason=unknown-word", "ike-established port=65536", "ike-established addr=10.0.0.1/24",
        "ike-established subnet=10.0.0.0/33",
        "ike-established addr=10.0.0.1 addr=10.0.0.2 addr=10.0.0.3 addr=10.0.0.4 addr=10.0.0.5",
        "links ifindex=1", "links up=yes link=a", "links link=a-name-that-is-too-long", "links link=%00",
        "links link=%0", "links link=a addr=10.0.0.1", "links link=a addr=10.0.0.1/33",
        "links link=a route=0.0.0.0/0", "links link=a route=0.0.0.0/0,none",
        "links link=a route=0.0.0.0/0,none,-1", "links link=a ifindex=2147483648",
        "links link=a type=token-ring", "policy gateway=vpn.example.com", "policy gateway=a,0",
        "policy keepalive-mode=sometimes", "policy initial-delay=-1s", "policy max-delay=9999999999999999s",
        "enable now=yes", "clock offset-usec=9223372036854775808", "fetch-wanted id=1 host=%zz",
        "resolved id=1 addr=none addr=" };
    static struct record_storage storage;
    struct event event, before;
    usec_t now_usec = 4711;

    memset(&before, 0xaa, sizeof(before));
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        test_context("%s", bad[i]);
        event = before;
        CHECK_EQ(record_parse_event(bad[i], &now_usec, &storage, &event), -EINVAL);
        CHECK_EQ(now_usec, 4711);
        CHECK_MEM(&event, &before, sizeof(event));
    }
}

static void bad_beginnings_are_refused(void)
{
    static const char *const bad[] = { "", "begin", "begin complete=yes", "begin seed=", "begin seed=-1",
        "begin seed=1x", "begin seed=99999999999999999999", "start seed=1", "begin seed=1 foo=1" };
    struct policy policy;
    uint64_t seed = 9;

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        test_context("%s", bad[i]);
        CHECK_EQ(record_parse_begin(bad[i], &seed, &policy), -EINVAL);
        CHECK_EQ(seed, 9);
    }
}

static const struct test tests[] = {
    TEST(every_event_comes_back),
    TEST(policy_of_the_beginning_comes_back),
    TEST(largest_snapshot_fits),
    TEST(largest_policy_fits_and_comes_back),
    TEST(lines_look_as_documented),
    TEST(hand_written_moments),
    TEST(nonsense_is_refused),
    TEST(bad_beginnings_are_refused),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
