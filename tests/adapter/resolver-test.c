/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names asked of real servers over a real link, under real lockdown: the handset's main table leads elsewhere, the firewall lets only marked
 * DNS to the listed servers out. So an answer proves that the packets carried the mark and left by the link that was asked for.
 * Needs root (skipped with 77 otherwise); two network namespaces that end with the test.
 */
#include "adapter/resolver-dns.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "fw/fw.h"
#include "support/test.h"
#include "sys/query.h"
#include "sys/resolver.h"
#include "unit/fw-cases.h"

#include <fcntl.h>
#include <sched.h>

#define GOOD   "192.0.2.53"
#define SILENT "192.0.2.55"
#define FAILS  "192.0.2.56"
#define GOOD6  "fe80::53"
#define TEST_LIMIT_USEC SEC(30) /* nothing may take so long */

static struct world {
    int handset_ns, world_ns;
    sd_event *loop;
    struct fw *fw;
    struct dns_server *good, *silent, *fails, *good6;
    struct resolver *resolver;
    unsigned n_events;
    struct event last;
    bool free_in_callback;
} w;

static void on_event(void *userdata, const struct event *event)
{
    (void)userdata;
    w.n_events++;
    w.last = *event;
    if (w.free_in_callback) {
        resolver_free(w.resolver);
        w.resolver = NULL;
    }
}

static struct resolve_request request_for(const char *name)
{
    struct resolve_request request = { .id = 1, .interface = "wlan0", .want_ipv4 = true, .want_ipv6 = true };

    snprintf(request.name, sizeof(request.name), "%s", name);
    return request;
}

static void add_server(struct resolve_request *request, const char *addr)
{
    CHECK_EQ(ip_addr_parse(addr, &request->servers[request->n_servers++]), 0);
}

/* Turns the loop until so many events came; false where it took for ever. */
static bool run_until(unsigned n_events)
{
    usec_t end_at_usec = clock_boottime_usec() + TEST_LIMIT_USEC;

    while (w.n_events < n_events) {
        if (clock_boottime_usec() > end_at_usec)
            return false;
        sd_event_run(w.loop, SEC(1));
    }
    return true;
}

static bool answers(const struct resolve_request *request)
{
    unsigned before = w.n_events;

    CHECK_EQ(resolver_query(w.resolver, request), 0);
    CHECK_EQ(w.n_events, before);
    if (!CHECK(run_until(before + 1)))
        return false;
    CHECK_EQ(w.last.type, EVENT_RESOLVED);
    CHECK_EQ(w.last.resolved.id, request->id);
    return true;
}

static void check_addrs(const char *want)
{
    char got[RESOLVED_ADDRS_MAX * (IP_ADDR_TEXT_SIZE + 1)] = "", text[IP_ADDR_TEXT_SIZE];
    struct strbuf s;

    strbuf_init(&s, got, sizeof(got));
    for (uint32_t i = 0; i < w.last.resolved.n_addrs; i++)
        strbuf_add(&s, "%s%s", i ? " " : "", ip_addr_format(&w.last.resolved.addrs[i], text, sizeof(text)));
    CHECK_STR(got, want);
}

static void lockdown_for(const struct resolve_request *request)
{
    struct lockdown lockdown;

    fw_case_base(&lockdown);
    for (uint32_t i = 0; i < request->n_servers; i++)
        lockdown.resolvers[lockdown.n_resolvers++].addr = request->servers[i];
    CHECK_EQ(fw_apply(w.fw, &lockdown), 0);
}

static void check_name(const char *name, const char *want)
{
    struct resolve_request request = request_for(name);

    test_context("%s", name);
    add_server(&request, GOOD);
    lockdown_for(&request);
    if (answers(&request))
        check_addrs(want);
}

static void answers_of_every_kind(void)
{
    check_name("both.example", "2001:db8::5 203.0.113.5");
    check_name("only4.example", "203.0.113.5");
    check_name("only6.example", "2001:db8::5");
    check_name("alias.example", "2001:db8::5 203.0.113.5");
    check_name("odd.example", "2001:db8::5 203.0.113.5");
    check_name("nothing.example", "");
    check_name("nxdomain.example", "");
    check_name("many.example", "2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4 203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4");
    check_name("long.example", "2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4 203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4");
    check_name("203.0.113.77", "203.0.113.77");
    check_name("2001:db8::77", "2001:db8::77");
    /* in everybody's hosts file, which is not read; and no search domain is tried */
    check_name("localhost", "2001:db8::5 203.0.113.5");
    check_name("both.example.", "2001:db8::5 203.0.113.5");
}

static void only_the_families_wanted(void)
{
    struct resolve_request request = request_for("both.example");

    add_server(&request, GOOD);
    lockdown_for(&request);
    request.want_ipv6 = false;
    if (answers(&request))
        check_addrs("203.0.113.5");
    request.want_ipv6 = true;
    request.want_ipv4 = false;
    if (answers(&request))
        check_addrs("2001:db8::5");
    request.want_ipv6 = false;
    if (answers(&request))
        check_addrs("");
}

static void a_silent_or_failing_server_is_passed_over(void)
{
    struct resolve_request request = request_for("both.example");

    add_server(&request, FAILS);
    add_server(&request, SILENT);
    add_server(&request, GOOD);
    lockdown_for(&request);
    if (answers(&request))
        check_addrs("2001:db8::5 203.0.113.5");
}

static void silence_is_bounded(void)
{
    struct resolve_request request = request_for("both.example");
    usec_t start_usec = clock_boottime_usec();

    add_server(&request, SILENT);
    lockdown_for(&request);
    if (answers(&request))
        check_addrs("");
    CHECK_GE(clock_boottime_usec() - start_usec, SEC(2));
    CHECK_GE(dns_server_n_queries(w.silent), 6); /* three tries of each family */
}

/* One family's answer is not held back until the other's silence is over. */
static void one_silent_family_does_not_hold_up_the_other(void)
{
    usec_t start_usec = clock_boottime_usec(), one_usec, both_usec;

    check_name("hush6.example", "203.0.113.5");
    one_usec = clock_boottime_usec() - start_usec;
    start_usec = clock_boottime_usec();
    check_name("silent.example", "");
    both_usec = clock_boottime_usec() - start_usec;
    test_context("%" PRIu64 " and %" PRIu64 " us", one_usec, both_usec);
    CHECK(one_usec * 2 < both_usec);
}

static void lies_are_not_believed(void)
{
    struct lockdown off = { 0 };
    struct resolve_request request = request_for("spoof.example");

    /* without the firewall, which would stop some of them */
    CHECK_EQ(fw_apply(w.fw, &off), 0);
    add_server(&request, GOOD);
    if (answers(&request))
        check_addrs("2001:db8::5 203.0.113.5");
    request = request_for("liar.example");
    add_server(&request, GOOD);
    if (answers(&request))
        check_addrs("");
}

/* The counter-proof of every other test here: without the mark nothing comes. */
static void without_the_mark_nothing_leaves(void)
{
    struct resolve_request request = request_for("both.example");
    struct resolver *marked = w.resolver;
    unsigned before = dns_server_n_queries(w.good);

    add_server(&request, GOOD);
    lockdown_for(&request);
    CHECK_EQ(resolver_new(w.loop, NULL, TEST_MARK + 1, on_event, NULL, &w.resolver), 0);
    if (answers(&request))
        check_addrs("");
    CHECK_EQ(dns_server_n_queries(w.good), before);
    resolver_free(w.resolver);
    w.resolver = marked;
}

static void other_links_are_not_asked(void)
{
    static const char *const NAMES[] = { "elsewhere0", "missing0" };

    for (size_t i = 0; i < ELEMENTSOF(NAMES); i++) {
        struct resolve_request request = request_for("both.example");
        unsigned before = dns_server_n_queries(w.good);

        test_context("%s", NAMES[i]);
        add_server(&request, GOOD);
        lockdown_for(&request);
        snprintf(request.interface, sizeof(request.interface), "%s", NAMES[i]);
        if (answers(&request))
            check_addrs("");
        CHECK_EQ(dns_server_n_queries(w.good), before);
    }
}

static void a_link_local_server_needs_no_zone(void)
{
    struct resolve_request request = request_for("both.example");

    add_server(&request, GOOD6);
    lockdown_for(&request);
    if (answers(&request))
        check_addrs("2001:db8::5 203.0.113.5");
    CHECK_GE(dns_server_n_queries(w.good6), 2);
}

static void nobody_to_ask(void)
{
    struct resolve_request request = request_for("both.example");

    if (answers(&request))
        check_addrs("");
    add_server(&request, "127.0.0.53");
    add_server(&request, "::1");
    if (answers(&request))
        check_addrs("");
}

static void names_that_cannot_be(void)
{
    static const char *const BAD[] = { "", ".", "a..b", ".a", "a b.example", "a\\046b", ("b\xc3\xbc" "cher.example"),
        "a234567890123456789012345678901234567890123456789012345678901234.example" };
    struct resolve_request request;
    unsigned before = dns_server_n_queries(w.good);

    for (size_t i = 0; i < ELEMENTSOF(BAD); i++) {
        test_context("%s", BAD[i]);
        CHECK(!query_name_is_valid(BAD[i]));
        request = request_for(BAD[i]);
        add_server(&request, GOOD);
        lockdown_for(&request);
        if (answers(&request))
            check_addrs("");
    }
    request = request_for("");
    for (size_t i = 0; i + 3 < sizeof(request.name); i += 2)
        strcpy(request.name + i, "a.");
    test_context("%zu bytes", strlen(request.name));
    CHECK(query_name_is_valid(request.name));
    strcpy(request.name + strlen(request.name), "a");
    CHECK(!query_name_is_valid(request.name));
    CHECK_EQ(dns_server_n_queries(w.good), before);
}

/* Nothing is left on the loop that could wake it. */
static void check_idle(void)
{
    unsigned before = w.n_events;

    while (sd_event_run(w.loop, 0) > 0)
        ;
    CHECK_EQ(sd_event_run(w.loop, SEC(2)), 0);
    CHECK_EQ(w.n_events, before);
}

static void after_a_cancel_nothing_comes(void)
{
    struct resolve_request request = request_for("silent.example");

    add_server(&request, GOOD);
    lockdown_for(&request);
    for (uint32_t id = 1; id <= 3; id++) {
        request.id = id;
        CHECK_EQ(resolver_query(w.resolver, &request), 0);
        CHECK_EQ(resolver_find_servers(w.resolver, &request), 0);
    }
    resolver_cancel(w.resolver);
    check_idle();
    CHECK_EQ(resolver_query(w.resolver, &request), 0);
    sd_event_run(w.loop, MSEC(100));
    resolver_cancel(w.resolver);
    check_idle();
    resolver_cancel(w.resolver);
}

static void a_new_request_replaces_its_like_alone(void)
{
    struct resolve_request old = request_for("silent.example"), new = request_for("only4.example"), other = request_for("only6.example");
    unsigned before = w.n_events;

    add_server(&old, GOOD);
    add_server(&new, GOOD);
    add_server(&other, GOOD);
    other.id = 2;
    lockdown_for(&old);
    CHECK_EQ(resolver_query(w.resolver, &old), 0);
    CHECK_EQ(resolver_query(w.resolver, &other), 0);
    CHECK_EQ(resolver_query(w.resolver, &new), 0);
    CHECK(run_until(before + 2));
    check_idle();
    CHECK_EQ(w.n_events, before + 2);
}

static void the_callback_may_free_the_resolver(void)
{
    struct resolve_request request = request_for("both.example"), other = request_for("silent.example");
    unsigned before = w.n_events;

    add_server(&request, GOOD);
    add_server(&other, GOOD);
    other.id = 2;
    lockdown_for(&request);
    w.free_in_callback = true;
    CHECK_EQ(resolver_query(w.resolver, &other), 0);
    CHECK_EQ(resolver_query(w.resolver, &request), 0);
    CHECK(run_until(before + 1));
    check_idle();
    w.free_in_callback = false;
    CHECK_EQ(resolver_new(w.loop, NULL, TEST_MARK, on_event, NULL, &w.resolver), 0);
}

static bool run(const char *command)
{
    int r = system(command);

    if (r != 0)
        fprintf(stderr, "failed: %s\n", command);
    return r == 0;
}

static bool make_links(void)
{
    static const char *const IN_HANDSET[] = {
        "ip link set lo up",
        "ip addr add 192.0.2.1/24 dev wlan0",
        "ip addr add fe80::1/64 dev wlan0 nodad",
        "ip link add elsewhere0 type veth peer name elsewhere1",
        "ip link set elsewhere1 up",
        "ip addr add 198.51.100.1/24 dev elsewhere0",
        "ip link set elsewhere0 up",
        "ip link set wlan0 up",
        /* the main table leads elsewhere; only the mark leads to the servers */
        "ip route del 192.0.2.0/24 dev wlan0",
        "ip route add default via 198.51.100.2",
        "ip rule add pref 5100 fwmark 0x4d56 lookup 19799",
        "ip -6 rule add pref 5100 fwmark 0x4d56 lookup 19799",
        "ip route add 192.0.2.0/24 dev wlan0 table 19799",
        "ip -6 route add fe80::53 dev wlan0 table 19799",
    };
    char command[128];

    snprintf(command, sizeof(command), "ip link add wlan0 type veth peer name w0 netns /proc/%d/fd/%d", getpid(), w.world_ns);
    if (!run(command))
        return false;
    for (size_t i = 0; i < ELEMENTSOF(IN_HANDSET); i++) {
        if (!run(IN_HANDSET[i]))
            return false;
    }
    if (setns(w.world_ns, CLONE_NEWNET) < 0)
        return false;
    return run("ip link set w0 up") && run("for a in " GOOD " " SILENT " " FAILS "; do ip addr add $a/24 dev w0 || exit 1; done") &&
           run("ip addr add " GOOD6 "/64 dev w0 nodad");
}

static bool set_up(void)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
        return false;
    w.world_ns = open("/proc/self/ns/net", O_RDONLY);
    if (unshare(CLONE_NEWNET) < 0)
        return false;
    w.handset_ns = open("/proc/self/ns/net", O_RDONLY);
    if (!make_links() || sd_event_new(&w.loop) < 0)
        exit(1);
    w.good = dns_server_new(w.loop, GOOD, DNS_MOOD_GOOD);
    w.silent = dns_server_new(w.loop, SILENT, DNS_MOOD_SILENT);
    w.fails = dns_server_new(w.loop, FAILS, DNS_MOOD_SERVFAIL);
    w.good6 = dns_server_new(w.loop, GOOD6, DNS_MOOD_GOOD);
    if (setns(w.handset_ns, CLONE_NEWNET) < 0 || fw_new(&w.fw) < 0 ||
        resolver_new(w.loop, NULL, TEST_MARK, on_event, NULL, &w.resolver) < 0)
        exit(1);
    return true;
}

static void tear_down(void)
{
    resolver_free(w.resolver);
    dns_server_free(w.good);
    dns_server_free(w.silent);
    dns_server_free(w.fails);
    dns_server_free(w.good6);
    fw_free(w.fw);
    sd_event_unref(w.loop);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(answers_of_every_kind),
        TEST(only_the_families_wanted),
        TEST(a_silent_or_failing_server_is_passed_over),
        TEST(silence_is_bounded),
        TEST(one_silent_family_does_not_hold_up_the_other),
        TEST(lies_are_not_believed),
        TEST(without_the_mark_nothing_leaves),
        TEST(other_links_are_not_asked),
        TEST(a_link_local_server_needs_no_zone),
        TEST(nobody_to_ask),
        TEST(names_that_cannot_be),
        TEST(after_a_cancel_nothing_comes),
        TEST(a_new_request_replaces_its_like_alone),
        TEST(the_callback_may_free_the_resolver),
    };
    int r;

    if (!set_up()) {
        puts("skipped: needs root and network namespaces");
        return 77;
    }
    r = test_main(tests, ELEMENTSOF(tests), argc, argv);
    tear_down();
    return r;
}
