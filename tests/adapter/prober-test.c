/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets of NAT probing against coturn with two addresses, through a real NAT (conntrack, masquerade), and against a server that lies in
 * every way it knows. The handset's main table leads elsewhere: what gets out carries the mark and left by its link.
 * Needs root, coturn and conntrack (skipped with 77 otherwise); three network namespaces that end with the test.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "support/test.h"
#include "sys/prober.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#define MARK       0x4d56
#define SERVER     "203.0.113.1" /* coturn's; 203.0.113.2 is its other address */
#define LIAR       "203.0.113.9"
#define LIAR6      "2001:db8:9::9"
#define HANDSET    "10.0.0.2"
#define HANDSET6   "2001:db8:1::2"
#define OUTSIDE    "198.51.100.2" /* the NAT's */
#define EVENTS_MAX 64
#define LIMIT_USEC SEC(20) /* nothing may take so long */
#define QUIET_USEC SEC(1) /* what has not come within this is taken never to come */

/* The liar's ports. */
enum mood {
    MOOD_GOOD = 4000,
    MOOD_TWICE,
    MOOD_TRANSACTION,
    MOOD_PORT,
    MOOD_FAMILY,
    MOOD_ERROR,
    MOOD_HUGE,
    MOOD_REPEATED,
    MOOD_TRUNCATED,
    MOOD_NOISE,
    MOOD_FLOOD,
    MOOD_SILENT,
    MOOD_NOBODY,
};
#define MOODS "good=4000 twice=4001 transaction=4002 port=4003 family=4004 error=4005 huge=4006 repeated=4007 truncated=4008 noise=4009 " \
              "flood=4010 silent=4011"

static struct world {
    int handset_ns, nat_ns, world_ns;
    pid_t turnserver, liar, liar6;
    char scratch[64];
    sd_event *loop;
    struct prober *prober;
    unsigned n_events;
    struct event events[EVENTS_MAX];
    bool free_in_callback;
} w;

static void on_event(void *userdata, const struct event *event)
{
    (void)userdata;
    if (w.n_events < EVENTS_MAX)
        w.events[w.n_events++] = *event;
    if (w.free_in_callback) {
        prober_free(w.prober);
        w.prober = NULL;
    }
}

static void start_afresh(void)
{
    prober_free(w.prober);
    w.n_events = 0;
    CHECK_EQ(prober_new(w.loop, MARK, on_event, NULL, &w.prober), 0);
}

static struct probe_send request_to(const char *server, uint16_t port, uint32_t slot)
{
    struct probe_send request = { .slot = slot, .tag = 100 + slot, .server_port = port, .interface = "wlan0" };

    CHECK_EQ(ip_addr_parse(server, &request.server), 0);
    CHECK_EQ(ip_addr_parse(request.server.family == 4 ? HANDSET : HANDSET6, &request.local), 0);
    return request;
}

/* Turns the loop until so many events came; false where it took for ever. */
static bool run_until(unsigned n_events)
{
    usec_t end_at_usec = clock_boottime_usec() + LIMIT_USEC;

    while (w.n_events < n_events && clock_boottime_usec() < end_at_usec)
        sd_event_run(w.loop, SEC(1));
    return w.n_events >= n_events;
}

static void run_for(usec_t span_usec)
{
    usec_t end_at_usec = clock_boottime_usec() + span_usec, now_usec;

    while ((now_usec = clock_boottime_usec()) < end_at_usec)
        sd_event_run(w.loop, end_at_usec - now_usec);
}

/* One request and its answer; the mapped port, or 0. */
static uint16_t exchange(const struct probe_send *request)
{
    const struct event *event = &w.events[w.n_events];

    CHECK_EQ(prober_send(w.prober, request), 0);
    if (!CHECK(run_until(w.n_events + 1)) || !CHECK_EQ(event->type, EVENT_PROBE_ANSWER))
        return 0;
    CHECK_EQ(event->probe_answer.slot, request->slot);
    CHECK_EQ(event->probe_answer.tag, request->tag);
    return event->probe_answer.mapped_port;
}

static bool run(const char *command)
{
    int r = system(command);

    if (r != 0)
        fprintf(stderr, "failed (%d): %s\n", r, command);
    return r == 0;
}

static bool run_in(int ns, const char *command)
{
    bool done;

    if (setns(ns, CLONE_NEWNET) < 0)
        return false;
    done = run(command);
    return setns(w.handset_ns, CLONE_NEWNET) == 0 && done;
}

static void the_server_says_where_we_are(void)
{
    struct probe_send request = request_to(SERVER, 3478, 0);
    struct ip_addr outside;
    uint16_t port;

    start_afresh();
    CHECK_EQ(ip_addr_parse(OUTSIDE, &outside), 0);
    port = exchange(&request);
    CHECK_NE(port, 0);
    CHECK(ip_addr_equal(&w.events[0].probe_answer.mapped, &outside));
    request.tag = 7; /* the same slot is the same mapping */
    CHECK_EQ(exchange(&request), port);
    request.server_port = 3479; /* also towards another port of the server, for this NAT */
    CHECK_NE(exchange(&request), 0);
}

/* RFC 5780, 4.6: the answer to the second socket's question comes to the first one's mapping. */
static void an_answer_comes_where_it_was_sent(void)
{
    struct probe_send x = request_to(SERVER, 3478, 3), y = request_to(SERVER, 3478, 5);

    start_afresh();
    y.response_port = exchange(&x);
    y.tag = 77;
    CHECK_EQ(prober_send(w.prober, &y), 0);
    prober_close(w.prober, 5); /* whoever asked need not be there any more */
    if (!CHECK(run_until(2)))
        return;
    CHECK_EQ(w.events[1].type, EVENT_PROBE_ANSWER);
    CHECK_EQ(w.events[1].probe_answer.slot, 3);
    CHECK_EQ(w.events[1].probe_answer.tag, 77);
}

static void a_dead_mapping_gives_nothing(void)
{
    struct probe_send x = request_to(SERVER, 3478, 0), y = request_to(SERVER, 3478, 1);

    start_afresh();
    y.response_port = exchange(&x);
    /* not the time but the end of the mapping is waited for */
    CHECK(run_in(w.nat_ns, "for i in $(seq 300); do conntrack -L -p udp 2>/dev/null | grep -q . || exit 0; sleep 0.1; done; exit 1"));
    CHECK_EQ(prober_send(w.prober, &y), 0);
    run_for(QUIET_USEC);
    CHECK_EQ(w.n_events, 1);
    /* the positive control: a living one gives something */
    y.response_port = exchange(&x);
    CHECK_EQ(prober_send(w.prober, &y), 0);
    CHECK(run_until(3));
    CHECK_EQ(w.events[2].probe_answer.slot, 0);
}

static void every_slot_is_a_socket_of_its_own(void)
{
    uint16_t ports[PROBE_SLOTS_MAX] = { 0 };
    unsigned n_different = 0;

    start_afresh();
    for (uint32_t i = 0; i < PROBE_SLOTS_MAX; i++) {
        struct probe_send request = request_to(LIAR, MOOD_GOOD, i);
        CHECK_EQ(prober_send(w.prober, &request), 0);
    }
    if (!CHECK(run_until(PROBE_SLOTS_MAX)))
        return;
    for (uint32_t i = 0; i < PROBE_SLOTS_MAX; i++)
        ports[w.events[i].probe_answer.slot] = w.events[i].probe_answer.mapped_port;
    for (uint32_t i = 0; i < PROBE_SLOTS_MAX; i++) {
        bool again = false;
        for (uint32_t j = 0; j < i; j++)
            again |= ports[i] == ports[j];
        n_different += ports[i] != 0 && !again;
    }
    CHECK_EQ(n_different, PROBE_SLOTS_MAX);
    prober_close(w.prober, PROBE_SLOT_ALL);
    run_for(MSEC(100));
    CHECK_EQ(w.n_events, PROBE_SLOTS_MAX);
}

static void both_families(void)
{
    struct probe_send request = request_to(LIAR6, MOOD_GOOD, 0);

    start_afresh();
    CHECK_NE(exchange(&request), 0);
    CHECK(ip_addr_equal(&w.events[0].probe_answer.mapped, &request.local)); /* no NAT on this way */
    request = request_to(LIAR, MOOD_GOOD, 0); /* the slot becomes another socket */
    CHECK_NE(exchange(&request), 0);
}

static void lies_are_not_believed(void)
{
    static const enum mood MOODS_OF_LIARS[] = { MOOD_TRANSACTION, MOOD_PORT, MOOD_FAMILY, MOOD_HUGE, MOOD_TRUNCATED, MOOD_SILENT };

    for (size_t i = 0; i < ELEMENTSOF(MOODS_OF_LIARS); i++) {
        struct probe_send lie = request_to(LIAR, MOODS_OF_LIARS[i], 0), control = request_to(LIAR, MOOD_GOOD, 1);

        test_context("port %d", MOODS_OF_LIARS[i]);
        start_afresh();
        CHECK_EQ(prober_send(w.prober, &lie), 0);
        CHECK_NE(exchange(&control), 0); /* asked later, answered later: by then the lie has come */
        run_for(MSEC(200));
        CHECK_EQ(w.n_events, 1);
    }
}

static void a_duplicate_is_told_once(void)
{
    struct probe_send request = request_to(LIAR, MOOD_TWICE, 0);

    start_afresh();
    for (int i = 0; i < 10; i++)
        CHECK_NE(exchange(&request), 0); /* five answers each, and still no flood */
    run_for(MSEC(200));
    CHECK_EQ(w.n_events, 10);
}

static void of_many_addresses_the_first_counts(void)
{
    struct probe_send request = request_to(LIAR, MOOD_REPEATED, 0);

    start_afresh();
    CHECK_EQ(exchange(&request), 1);
}

static void a_refusal_is_told(void)
{
    struct probe_send request = request_to(LIAR, MOOD_ERROR, 4);

    start_afresh();
    CHECK_EQ(prober_send(w.prober, &request), 0);
    if (!CHECK(run_until(1)))
        return;
    CHECK_EQ(w.events[0].type, EVENT_PROBE_FAILED);
    CHECK_EQ(w.events[0].probe_failed.slot, 4);
    CHECK_EQ(w.events[0].probe_failed.tag, 104);
    CHECK(w.events[0].probe_failed.refused);
}

static usec_t processor_usec(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return SEC((usec_t)usage.ru_utime.tv_sec + (usec_t)usage.ru_stime.tv_sec) + (usec_t)usage.ru_utime.tv_usec + (usec_t)usage.ru_stime.tv_usec;
}

/* Garbage closes the socket, so that it costs a bounded number of wake-ups, whatever keeps coming. */
static void check_flood(enum mood mood)
{
    struct probe_send request = request_to(LIAR, mood, 2);
    usec_t before_usec = processor_usec(), start_usec = clock_boottime_usec();
    unsigned n_turns = 0;

    test_context("port %d", mood);
    start_afresh();
    CHECK_EQ(prober_send(w.prober, &request), 0);
    while (clock_boottime_usec() < start_usec + SEC(3))
        n_turns += sd_event_run(w.loop, MSEC(500)) > 0;
    CHECK_EQ(w.n_events, 1);
    CHECK_EQ(w.events[0].type, EVENT_PROBE_FAILED);
    CHECK_EQ(w.events[0].probe_failed.slot, 2);
    CHECK(!w.events[0].probe_failed.refused);
    CHECK_LE(n_turns, 2 * PROBER_GARBAGE_MAX);
    CHECK_LE(processor_usec() - before_usec, (clock_boottime_usec() - start_usec) / 20);
}

static void floods_cost_nothing(void)
{
    check_flood(MOOD_NOISE);
    check_flood(MOOD_FLOOD); /* last: the liar is busy with it for a while */
}

static void what_cannot_leave_is_an_error(void)
{
    struct probe_send request = request_to(LIAR, MOOD_GOOD, 0), bad;

    start_afresh();
    bad = request;
    CHECK_EQ(ip_addr_parse("10.0.0.77", &bad.local), 0);
    CHECK_EQ(prober_send(w.prober, &bad), -EADDRNOTAVAIL);
    bad = request;
    strcpy(bad.interface, "missing0");
    CHECK_EQ(prober_send(w.prober, &bad), -ENODEV);
    bad = request;
    bad.slot = PROBE_SLOTS_MAX;
    CHECK_EQ(prober_send(w.prober, &bad), -EINVAL);
    bad = request;
    bad.local = (struct ip_addr){ 0 };
    CHECK_EQ(prober_send(w.prober, &bad), -EINVAL);
    CHECK(run("nft 'table inet t { chain o { type filter hook output priority 0; udp dport 4000 reject with icmpx admin-prohibited; }; }'"));
    CHECK(prober_send(w.prober, &request) < 0);
    CHECK(run("nft delete table inet t"));
    CHECK_EQ(w.n_events, 0);
    CHECK_NE(exchange(&request), 0);
}

static void an_icmp_error_is_told(void)
{
    struct probe_send request = request_to(LIAR, MOOD_NOBODY, 9);

    start_afresh();
    CHECK_EQ(prober_send(w.prober, &request), 0);
    if (!CHECK(run_until(1)))
        return;
    CHECK_EQ(w.events[0].type, EVENT_PROBE_FAILED);
    CHECK_EQ(w.events[0].probe_failed.slot, 9);
    CHECK_EQ(w.events[0].probe_failed.tag, 109);
    request.server_port = MOOD_GOOD;
    CHECK_NE(exchange(&request), 0);
}

/* The counter-proof of every other test here: without the mark nothing comes; and sockets that are open take a new one. */
static void the_mark_decides(void)
{
    struct probe_send request = request_to(LIAR, MOOD_GOOD, 0);
    uint16_t port;

    start_afresh();
    port = exchange(&request);
    prober_set_mark(w.prober, MARK + 1);
    (void)prober_send(w.prober, &request);
    run_for(QUIET_USEC);
    CHECK(w.n_events == 1 || w.events[1].type == EVENT_PROBE_FAILED);
    w.n_events = 0;
    prober_set_mark(w.prober, MARK);
    CHECK_EQ(exchange(&request), port);
}

static void the_callback_may_free_the_prober(void)
{
    struct probe_send request = request_to(LIAR, MOOD_TWICE, 0);

    start_afresh();
    w.free_in_callback = true;
    CHECK_EQ(prober_send(w.prober, &request), 0);
    CHECK(run_until(1));
    run_for(MSEC(200));
    CHECK_EQ(w.n_events, 1);
    w.free_in_callback = false;
}

static bool make_links(void)
{
    static const char *const IN_HANDSET[] = {
        "ip link set lo up",
        "ip addr add " HANDSET "/24 dev wlan0",
        "ip addr add " HANDSET6 "/64 dev wlan0 nodad",
        "ip link add elsewhere0 type veth peer name elsewhere1",
        "ip link set elsewhere1 up",
        "ip addr add 192.0.2.1/24 dev elsewhere0",
        "ip link set elsewhere0 up",
        "ip link set wlan0 up",
        /* the main table leads elsewhere; only the mark leads to the servers */
        "ip route add default via 192.0.2.2",
        "ip rule add pref 5100 fwmark 0x4d56 lookup 19799",
        "ip -6 rule add pref 5100 fwmark 0x4d56 lookup 19799",
        "ip route add 203.0.113.0/24 via 10.0.0.1 dev wlan0 table 19799",
        "ip -6 route add 2001:db8:9::/64 via 2001:db8:1::1 dev wlan0 table 19799",
    };
    char command[160];

    snprintf(command, sizeof(command), "ip link add wlan0 type veth peer name lan netns /proc/%d/fd/%d", getpid(), w.nat_ns);
    if (!run(command))
        return false;
    for (size_t i = 0; i < ELEMENTSOF(IN_HANDSET); i++)
        if (!run(IN_HANDSET[i]))
            return false;
    snprintf(command, sizeof(command), "ip link add wan type veth peer name w0 netns /proc/%d/fd/%d", getpid(), w.world_ns);
    return run_in(w.nat_ns, command) &&
           run_in(w.nat_ns, "ip link set lo up; ip link set lan up; ip link set wan up; ip addr add 10.0.0.1/24 dev lan; "
                            "ip addr add " OUTSIDE "/24 dev wan; ip addr add 2001:db8:1::1/64 dev lan nodad; ip addr add 2001:db8:5::1/64 dev wan nodad; "
                            "ip route add 203.0.113.0/24 via 198.51.100.1; ip -6 route add 2001:db8:9::/64 via 2001:db8:5::2; "
                            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1") &&
           run_in(w.nat_ns, "nft 'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname wan masquerade random; }; }' && "
                            "sysctl -qw net.netfilter.nf_conntrack_udp_timeout=3 net.netfilter.nf_conntrack_udp_timeout_stream=3") &&
           run_in(w.world_ns, "ip link set lo up; ip link set w0 up; ip addr add 198.51.100.1/24 dev w0; ip addr add 2001:db8:5::2/64 dev w0 nodad; "
                              "for a in 1 2 9; do ip addr add 203.0.113.$a/32 dev lo; done; ip addr add " LIAR6 "/128 dev lo nodad; "
                              "ip -6 route add 2001:db8:1::/64 via 2001:db8:5::1");
}

/* Its output is read until it says that it listens. */
static pid_t start_in_world(const char *command, const char *ready)
{
    char line[512];
    int out[2];
    pid_t pid;
    FILE *f;

    if (pipe2(out, O_CLOEXEC) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setns(w.world_ns, CLONE_NEWNET) < 0 || dup2(out[1], STDOUT_FILENO) < 0)
            _exit(126);
        execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(127);
    }
    close(out[1]);
    f = fdopen(out[0], "r");
    while (f && fgets(line, sizeof(line), f))
        if (strstr(line, ready))
            return pid; /* the pipe stays open: nobody shall die of writing to it */
    return -1;
}

static bool have(const char *program)
{
    char command[64];

    snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
    return system(command) == 0;
}

static bool start_servers(void)
{
    char command[512];

    strcpy(w.scratch, "/tmp/mvpn-prober-XXXXXX");
    if (!mkdtemp(w.scratch))
        return false;
    snprintf(command, sizeof(command), "exec turnserver -n --no-auth --no-tls --no-dtls --no-cli -L 203.0.113.1 -L 203.0.113.2 -p 3478 "
                                       "--alt-listening-port 3479 --userdb %s/db --pidfile %s/pid --log-file stdout --simple-log 2>&1", w.scratch, w.scratch);
    w.turnserver = start_in_world(command, "SQLite DB connection success");
    snprintf(command, sizeof(command), "exec " STUN_LIAR " " LIAR " " MOODS);
    w.liar = start_in_world(command, "ready");
    w.liar6 = start_in_world("exec " STUN_LIAR " " LIAR6 " good=4000", "ready");
    return w.turnserver > 0 && w.liar > 0 && w.liar6 > 0;
}

static bool set_up(void)
{
    if (geteuid() != 0 || !have("turnserver") || !have("conntrack") || unshare(CLONE_NEWNET) < 0)
        return false;
    w.world_ns = open("/proc/self/ns/net", O_RDONLY);
    if (unshare(CLONE_NEWNET) < 0)
        return false;
    w.nat_ns = open("/proc/self/ns/net", O_RDONLY);
    if (unshare(CLONE_NEWNET) < 0)
        return false;
    w.handset_ns = open("/proc/self/ns/net", O_RDONLY);
    if (!make_links() || !start_servers() || sd_event_new(&w.loop) < 0)
        exit(1);
    return true;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void tear_down(void)
{
    char command[128];

    prober_free(w.prober);
    sd_event_unref(w.loop);
    stop(w.turnserver);
    stop(w.liar);
    stop(w.liar6);
    snprintf(command, sizeof(command), "rm -rf %s", w.scratch);
    run(command);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(the_server_says_where_we_are),
        TEST(an_answer_comes_where_it_was_sent),
        TEST(a_dead_mapping_gives_nothing),
        TEST(every_slot_is_a_socket_of_its_own),
        TEST(both_families),
        TEST(lies_are_not_believed),
        TEST(a_duplicate_is_told_once),
        TEST(of_many_addresses_the_first_counts),
        TEST(a_refusal_is_told),
        TEST(what_cannot_leave_is_an_error),
        TEST(an_icmp_error_is_told),
        TEST(the_mark_decides),
        TEST(the_callback_may_free_the_prober),
        TEST(floods_cost_nothing),
    };
    int failed;

    if (!set_up()) {
        fprintf(stderr, "skipped: needs root, network namespaces, coturn and conntrack\n");
        return 77;
    }
    failed = test_main(tests, ELEMENTSOF(tests), argc, argv);
    tear_down();
    return failed;
}
