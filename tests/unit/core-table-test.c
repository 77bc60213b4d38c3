/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every situation × every event: the state that follows, against the table below, which is written from design.md, sections 4 and 5, and not
 * from the code. Then every situation × every event × every event: the invariants alone (tests/support/invariants.c).
 *
 * Situations (columns), all with good credentials and a gateway by name:
 *   D disabled                        K connected over eth0, the only link         L failed: no firewall
 *   O offline: enabled, no link       G connected, eth0 just lost, grace runs      X disconnecting: the user's disconnect
 *   U offline: the user's disconnect  M connected, eth0 lost, moving to wlan0      Y disconnecting: the user's disable
 *   Q connecting: name servers asked  B backoff: the gateway was silent
 *   R connecting: name asked          F failed: authentication refused
 *   C connecting: IKE under way           A armed: wwan0 roams                       T connected on demand over it
 * Cells: D disabled, A armed, O offline, C connecting, K connected, B backoff, F failed, X disconnecting; a dot: as it was.
 */
#include "base/macro.h"
#include "support/core-fixture.h"

static void enter_disabled(struct fixture *f)
{
    fx_links(f, 1, (struct link[]){ eth0() });
}

static void enter_offline(struct fixture *f)
{
    fx_reach(f, STATE_OFFLINE);
}

static void enter_resting(struct fixture *f)
{
    fx_links(f, 1, (struct link[]){ eth0() });
    fx_simple(f, EVENT_ENABLE);
    fx_simple(f, EVENT_DISCONNECT);
}

static void enter_finding(struct fixture *f)
{
    fx_links(f, 1, (struct link[]){ eth0() });
    fx_simple(f, EVENT_ENABLE);
}

static void enter_resolving(struct fixture *f)
{
    enter_finding(f);
    fx_resolvers(f, 1, (const char *const[]){ "192.0.2.1" });
}

static void enter_connecting(struct fixture *f)
{
    fx_reach(f, STATE_CONNECTING);
}

static void enter_connected(struct fixture *f)
{
    fx_reach(f, STATE_CONNECTED);
}

static void enter_grace(struct fixture *f)
{
    fx_reach(f, STATE_CONNECTED);
    fx_links(f, 0, NULL);
}

static void enter_moving(struct fixture *f)
{
    fx_reach(f, STATE_CONNECTED);
    fx_links(f, 1, (struct link[]){ wlan0() });
    CHECK(fx_did(f, ACTION_IKE_MIGRATE));
    fx_advance(f, MSEC(700)); /* it has been repeated */
    CHECK_EQ(f->mirror.n_done[ACTION_IKE_MIGRATE], 2);
}

static void enter_backoff(struct fixture *f)
{
    fx_reach(f, STATE_BACKOFF);
}

static void enter_failed(struct fixture *f)
{
    fx_reach(f, STATE_FAILED);
}

static void enter_no_firewall(struct fixture *f)
{
    fx_links(f, 1, (struct link[]){ eth0() });
    f->mirror.firewall_fails = true;
    fx_simple(f, EVENT_ENABLE);
}

static void enter_farewell(struct fixture *f)
{
    fx_reach(f, STATE_DISCONNECTING);
}

static void enter_last_farewell(struct fixture *f)
{
    fx_reach(f, STATE_CONNECTED);
    fx_simple(f, EVENT_DISABLE);
}

static void enter_armed(struct fixture *f)
{
    fx_reach(f, STATE_ARMED);
}

static void enter_on_demand(struct fixture *f)
{
    fx_reach(f, STATE_ARMED);
    fx_simple(f, EVENT_DEMAND);
    fx_resolvers(f, 1, (const char *const[]){ "10.64.0.53" });
    fx_resolved(f, 1, (const char *const[]){ GATEWAY });
    fx_established(f);
}

static const struct situation {
    char letter;
    enum state state;
    void (*enter)(struct fixture *f);
} situations[] = {
    { 'D', STATE_DISABLED, enter_disabled },
    { 'O', STATE_OFFLINE, enter_offline },
    { 'U', STATE_OFFLINE, enter_resting },
    { 'Q', STATE_CONNECTING, enter_finding },
    { 'R', STATE_CONNECTING, enter_resolving },
    { 'C', STATE_CONNECTING, enter_connecting },
    { 'K', STATE_CONNECTED, enter_connected },
    { 'G', STATE_CONNECTED, enter_grace },
    { 'M', STATE_CONNECTED, enter_moving },
    { 'B', STATE_BACKOFF, enter_backoff },
    { 'F', STATE_FAILED, enter_failed },
    { 'L', STATE_FAILED, enter_no_firewall },
    { 'X', STATE_DISCONNECTING, enter_farewell },
    { 'Y', STATE_DISCONNECTING, enter_last_farewell },
    { 'A', STATE_ARMED, enter_armed },
    { 'T', STATE_CONNECTED, enter_on_demand },
};

/* ---- events ---- */

static void policy_same(struct fixture *f)
{
    struct policy policy = f->policy;

    fx_policy(f, &policy, false);
}

static void policy_other_gateway(struct fixture *f)
{
    struct policy policy = f->policy;

    strcpy(policy.gateways[0].name, "other.example.com");
    fx_policy(f, &policy, false);
}

static void policy_other_ciphers(struct fixture *f)
{
    struct policy policy = f->policy;

    fx_policy(f, &policy, true);
}

static void policy_incomplete(struct fixture *f)
{
    struct policy policy = f->policy;

    policy.complete = false;
    policy.n_gateways = 0;
    fx_policy(f, &policy, false);
}

static void links_none(struct fixture *f)
{
    fx_links(f, 0, NULL);
}

static void links_eth0(struct fixture *f)
{
    fx_links(f, 1, (struct link[]){ eth0() });
}

static void links_readdressed(struct fixture *f)
{
    struct link link = eth0();

    link.addrs[0].addr = addr_of("192.0.2.77");
    fx_links(f, 1, &link);
}

static void links_roaming(struct fixture *f)
{
    struct link link = wwan0();

    link.roaming = true;
    fx_links(f, 1, &link);
}

static void links_home(struct fixture *f)
{
    fx_links(f, 1, (struct link[]){ wwan0() });
}

static void links_better(struct fixture *f)
{
    struct link better = eth0();

    better.ifindex = 9;
    strcpy(better.name, "eth1");
    better.addrs[0].addr = addr_of("198.51.100.10");
    better.routes[0].via = addr_of("198.51.100.1");
    better.routes[0].metric = 50;
    fx_links(f, 2, (struct link[]){ eth0(), better });
}

static void links_wlan0(struct fixture *f)
{
    fx_links(f, 1, (struct link[]){ wlan0() });
}

static void clock_good(struct fixture *f)
{
    fx_clock(f, 1800000100, 1750000000);
}

static void clock_dead(struct fixture *f)
{
    fx_clock(f, 0, 1600000000);
}

static void credentials_good(struct fixture *f)
{
    fx_credentials(f, &(struct credentials){ .not_before_sec = 1700000000, .not_after_sec = 1950000000 });
}

static void credentials_expired(struct fixture *f)
{
    fx_credentials(f, &(struct credentials){ .not_before_sec = 1600000000, .not_after_sec = 1700000000 });
}

static uint32_t asked_id(const struct fixture *f)
{
    return f->mirror.n_requests ? f->mirror.requests[f->mirror.n_requests - 1].id : 0;
}

static void servers(struct fixture *f)
{
    fx(f, &(struct event){
              .type = EVENT_RESOLVERS, .resolvers = { asked_id(f), 1, { addr_of("192.0.2.1") } } });
}

static void servers_none(struct fixture *f)
{
    fx(f, &(struct event){ .type = EVENT_RESOLVERS, .resolvers = { asked_id(f), 0, { { 0 } } } });
}

static void servers_stale(struct fixture *f)
{
    fx(f, &(struct event){
              .type = EVENT_RESOLVERS, .resolvers = { asked_id(f) + 7, 1, { addr_of("192.0.2.1") } } });
}

static void address(struct fixture *f)
{
    fx(f, &(struct event){ .type = EVENT_RESOLVED, .resolved = { asked_id(f), 1, { addr_of(GATEWAY) } } });
}

static void address_none(struct fixture *f)
{
    fx(f, &(struct event){ .type = EVENT_RESOLVED, .resolved = { asked_id(f), 0, { { 0 } } } });
}

static void address_stale(struct fixture *f)
{
    fx(f,
        &(struct event){ .type = EVENT_RESOLVED, .resolved = { asked_id(f) + 7, 1, { addr_of(GATEWAY) } } });
}

static void established_stale(struct fixture *f)
{
    fx(f, &(struct event){ .type = EVENT_IKE_ESTABLISHED,
              .tunnel = { .attempt = f->mirror.attempt.attempt + 1,
                  .n_addrs = 1,
                  .addrs = { addr_of("10.99.1.1") } } });
}

static void failed_silent(struct fixture *f)
{
    fx_failed(f, REASON_GATEWAY_SILENT);
}

static void failed_refused(struct fixture *f)
{
    fx_failed(f, REASON_AUTH_REFUSED);
}

static void failed_stale(struct fixture *f)
{
    fx(f, &(struct event){
              .type = EVENT_IKE_FAILED, .failure = { f->mirror.attempt.attempt + 1, REASON_AUTH_REFUSED } });
}

static void closed(struct fixture *f)
{
    fx_closed(f, REASON_PEER_CLOSED);
}

static void closed_stale(struct fixture *f)
{
    fx(f, &(struct event){
              .type = EVENT_IKE_CLOSED, .failure = { f->mirror.attempt.attempt + 1, REASON_PEER_CLOSED } });
}

static void moved(struct fixture *f)
{
    fx_moved(f, true);
}

static void move_failed(struct fixture *f)
{
    fx_moved(f, false);
}

static void answered(struct fixture *f)
{
    const usec_t now_usec = f->mirror.now_usec;

    fx(f, &(struct event){ .type = EVENT_TRAFFIC, .traffic = { .last_in_at_usec = now_usec, .last_out_at_usec = now_usec } });
}

static void unanswered(struct fixture *f)
{
    fx_unanswered(f, MSEC(1200));
}

static void router_lost(struct fixture *f)
{
    fx(f, &(struct event){ .type = EVENT_NEIGHBOUR_LOST, .neighbour = { ETH0, addr_of("192.0.2.1") } });
}

static void neighbour_lost(struct fixture *f)
{
    fx(f, &(struct event){ .type = EVENT_NEIGHBOUR_LOST, .neighbour = { ETH0, addr_of("192.0.2.99") } });
}

static void fetch_wanted(struct fixture *f)
{
    fx(f, &(struct event){ .type = EVENT_FETCH_WANTED, .fetch = { 5, "crl.example.com", 80 } });
}

static void fetch_done(struct fixture *f)
{
    fx(f, &(struct event){ .type = EVENT_FETCH_DONE, .fetch = { .id = 5 } });
}

static void timer_early(struct fixture *f)
{
    fx(f, &(struct event){ .type = EVENT_TIMER, .traffic = f->mirror.traffic });
}

static void timer_due(struct fixture *f)
{
    if (f->mirror.deadline.at_usec == USEC_INFINITY)
        timer_early(f);
    else
        fx_advance(f, f->mirror.deadline.at_usec - f->mirror.now_usec);
}

#define SIMPLE(name, type)                                                                                   \
    static void name(struct fixture *f)                                                                      \
    {                                                                                                        \
        fx_simple(f, type);                                                                                  \
    }
SIMPLE(enable, EVENT_ENABLE)
SIMPLE(disable, EVENT_DISABLE)
SIMPLE(connect, EVENT_CONNECT)
SIMPLE(demand, EVENT_DEMAND)
SIMPLE(disconnect, EVENT_DISCONNECT)
SIMPLE(tunnel_lost, EVENT_TUNNEL_LOST)
SIMPLE(firewall_failed, EVENT_FIREWALL_FAILED)
SIMPLE(store_failed, EVENT_STORE_FAILED)
SIMPLE(suspend, EVENT_SUSPEND)
SIMPLE(resume, EVENT_RESUME)

/* clang-format off */
static const struct row {
    const char *name;
    void (*happen)(struct fixture *f);
    const char *next; /* one cell per situation */
} rows[] = {
    /*                                              D O U  Q R C  K G M  B F L  X Y  A T */
    { "enable",               enable,              "C . C  . . .  . . .  C C C  . .  C ." },
    { "disable",              disable,             ". D D  D D D  X X X  D D D  . .  D X" },
    { "connect",              connect,             ". . C  . . .  . . .  C C C  . .  C ." },
    { "disconnect",           disconnect,          ". . .  O O O  X X X  O O O  . .  O X" },
    { "a packet",             demand,              ". . .  . . .  . . .  . . .  . .  C ." },

    { "policy as it is",      policy_same,         ". . .  . . .  . . .  C C C  . .  . ." },
    { "other gateway",        policy_other_gateway,". . .  . . .  C O C  C C C  . .  . C" },
    { "other ciphers",        policy_other_ciphers,". . .  . . .  C O C  C C C  . .  . C" },
    { "policy incomplete",    policy_incomplete,   ". F .  F F F  F F F  F . .  . .  F F" },

    { "no link",              links_none,          ". . .  O O O  . . .  O . .  . .  O ." },
    { "eth0 as it was",       links_eth0,          ". C .  . . .  . . .  . . .  . .  C ." },
    { "eth0 readdressed",     links_readdressed,   ". C .  . . .  . . .  C C C  . .  C ." },
    { "a better link, too",   links_better,        ". C .  . . .  . . .  C C C  . .  C ." },
    { "wlan0 only",           links_wlan0,         ". C .  . . .  . . .  C C C  . .  C ." },
    { "wwan0, roaming",       links_roaming,       ". A .  A A A  . . .  A A A  . .  . ." },
    { "wwan0, at home",       links_home,          ". C .  . . .  . . .  C C C  . .  C ." },

    { "clock set",            clock_good,          ". . .  . . .  . . .  . C C  . .  . ." },
    { "clock dead",           clock_dead,          ". . .  . . .  . . .  . . .  . .  . ." },
    { "new certificate",      credentials_good,    ". . .  . . .  . . .  . C C  . .  . ." },
    { "expired certificate",  credentials_expired, ". . .  . . .  . . .  . . .  . .  . ." },

    { "name servers",         servers,             ". . .  . . .  . . .  . . .  . .  . ." },
    { "no name servers",      servers_none,        ". . .  B . .  . . .  . . .  . .  . ." },
    { "stale name servers",   servers_stale,       ". . .  . . .  . . .  . . .  . .  . ." },
    { "address",              address,             ". . .  . . .  . . .  . . .  . .  . ." },
    { "no address",           address_none,        ". . .  . B .  . . .  . . .  . .  . ." },
    { "stale address",        address_stale,       ". . .  . . .  . . .  . . .  . .  . ." },

    { "established",          fx_established,      ". . .  . . K  . . .  . . .  . .  . ." },
    { "stale established",    established_stale,   ". . .  . . .  . . .  . . .  . .  . ." },
    { "gateway silent",       failed_silent,       ". . .  . . B  B O B  . . .  O D  . B" },
    { "refused",              failed_refused,      ". . .  . . F  B O B  . . .  O D  . B" },
    { "stale failure",        failed_stale,        ". . .  . . .  . . .  . . .  . .  . ." },
    { "closed",               closed,              ". . .  . . B  B O B  . . .  O D  . B" },
    { "stale close",          closed_stale,        ". . .  . . .  . . .  . . .  . .  . ." },
    { "moved",                moved,               ". . .  . . .  . . .  . . .  . .  . ." },
    { "move failed",          move_failed,         ". . .  . . .  . . C  . . .  . .  . ." },

    { "traffic answered",     answered,            ". . .  . . .  . . .  . . .  . .  . ." },
    { "traffic unanswered",   unanswered,          ". . .  . . .  . . .  . . .  . .  . ." },
    { "router lost",          router_lost,         ". . .  . . .  . . .  . . .  . .  . ." },
    { "neighbour lost",       neighbour_lost,      ". . .  . . .  . . .  . . .  . .  . ." },
    { "tunnel lost",          tunnel_lost,         ". . .  . . .  . . .  . . .  . .  . ." },
    { "fetch wanted",         fetch_wanted,        ". . .  . . .  . . .  . . .  . .  . ." },
    { "fetch done",           fetch_done,          ". . .  . . .  . . .  . . .  . .  . ." },
    { "store failed",         store_failed,        ". . .  . . .  . . .  . . .  . .  . ." },
    { "firewall failed",      firewall_failed,     ". F F  F F F  F F F  F . .  F D  F F" },
    { "suspend",              suspend,             ". . .  . . .  . . .  . . .  . .  . ." },
    { "resume",               resume,              ". . .  . . .  . . .  C C C  . .  . ." },
    { "timer early",          timer_early,         ". . .  . . .  . . .  . . .  . .  . ." },
    { "timer due",            timer_due,           ". . .  B B B  . O C  C C C  O D  . ." },
};
/* clang-format on */

/* What the firewall says when it is asked again in situation L. */
static void prepare(struct fixture *f, const struct situation *situation)
{
    test_context("%c", situation->letter);
    fixture_init(f);
    situation->enter(f);
    CHECK_EQ(fx_state(f), situation->state);
}

static char cell(const struct row *row, size_t column)
{
    size_t i = 0;

    for (const char *p = row->next; *p; p++)
        if (*p != ' ' && i++ == column)
            return *p;
    return '?';
}

static char letter_of(enum state state)
{
    static const char letters[] = "DOACKBFX";
    _Static_assert(sizeof(letters) - 1 == N_STATES, "every state has a letter");

    return letters[state];
}

static void every_state_takes_every_event(void)
{
    for (size_t r = 0; r < ELEMENTSOF(rows); r++) {
        for (size_t s = 0; s < ELEMENTSOF(situations); s++) {
            struct fixture f;
            char wanted = cell(&rows[r], s), got;

            prepare(&f, &situations[s]);
            test_context("%c + %s", situations[s].letter, rows[r].name);
            rows[r].happen(&f);
            got = letter_of(fx_state(&f));
            if (got == letter_of(situations[s].state) && wanted == '.')
                got = '.';
            if (got != wanted)
                test_fail(__FILE__, __LINE__, "%c follows (%s), wanted %c", got, reason_name(fx_reason(&f)),
                    wanted);
            fixture_done(&f);
        }
    }
}

static void every_state_takes_every_pair_of_events(void)
{
    for (size_t s = 0; s < ELEMENTSOF(situations); s++) {
        for (size_t a = 0; a < ELEMENTSOF(rows); a++) {
            for (size_t b = 0; b < ELEMENTSOF(rows); b++) {
                struct fixture f;

                prepare(&f, &situations[s]);
                test_context("%c + %s + %s", situations[s].letter, rows[a].name, rows[b].name);
                rows[a].happen(&f);
                fx_sleep(&f, MSEC(300));
                rows[b].happen(&f);
                fx_advance(&f, SEC(60));
                fixture_done(&f);
            }
        }
    }
}

/* Off is off, from wherever it is asked for; and blocked until it is. */
static void disable_opens_from_everywhere(void)
{
    for (size_t s = 0; s < ELEMENTSOF(situations); s++) {
        struct fixture f;

        prepare(&f, &situations[s]);
        fx_simple(&f, EVENT_DISABLE);
        fx_advance(&f, SEC(2));
        CHECK_STATE(&f, STATE_DISABLED, REASON_DISABLED);
        CHECK(!f.mirror.lockdown.active);
        CHECK(!f.mirror.routing.active);
        CHECK(!f.mirror.ike_running);
        CHECK(!f.mirror.record_enabled);
        CHECK(f.mirror.deadline.at_usec == USEC_INFINITY);
        CHECK(!f.mirror.status.internet_blocked);
        fixture_done(&f);
    }
}

static void table_prints(void)
{
    char buf[512];
    uint32_t n_rows = 0;

    for (; core_transition_text(n_rows, buf, sizeof(buf)); n_rows++) {
        CHECK(strstr(buf, " -> ") != NULL);
        printf("     %s\n", buf);
    }
    CHECK_GE(n_rows, 20);
    CHECK(core_transition_text(n_rows + 1, buf, sizeof(buf)) == NULL);
}

static const struct test tests[] = {
    TEST(every_state_takes_every_event),
    TEST(every_state_takes_every_pair_of_events),
    TEST(disable_opens_from_everywhere),
    TEST(table_prints),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
