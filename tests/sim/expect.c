/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a scenario may expect:
 *
 *   expect STATE [REASON]
 *   expect did ACTION [if=NAME] [remote=ADDR] [local=ADDR] [name=NAME] [silent=yes|no]    since the last event or passing of time
 *   expect not did ACTION
 *   expect order ACTION ACTION...      the whole list since then
 *   expect open [gateway=ADDR] [resolver=ADDR] [fetch=ADDR] [lan=PREFIX]...    exactly these; "open nothing"
 *   expect blocked|unblocked           the internet, as status says it
 *   expect lockdown on|off
 *   expect recorded yes|no             "enabled" on disk
 *   expect base NAME|none, expect ike on|off, expect push yes|no
 *   expect route ADDR via ADDR|link if=NAME      an outer host route
 *   expect deadline SPAN..SPAN|none, expect wake yes|no, expect retry SPAN..SPAN|none, expect keepalive SPAN|none
 *   expect count ACTION N[..N]         since "mark"
 */
#include "sim/scenario.h"

#include "base/macro.h"

#include <stdlib.h>
#include <string.h>

static bool action_from_name(const char *name, enum action_type *ret)
{
    for (unsigned i = 0; name && i < N_ACTIONS; i++) {
        if (strcmp(action_name((enum action_type)i), name) == 0) {
            *ret = (enum action_type)i;
            return true;
        }
    }
    return false;
}

static bool addr_is(const struct ip_addr *addr, const char *text)
{
    char buf[IP_ADDR_TEXT_SIZE];

    return strcmp(ip_addr_format(addr, buf, sizeof(buf)), text) == 0;
}

/* ---- did ---- */

static const char *interface_of(const struct action *action)
{
    switch (action->type) {
    case ACTION_IKE_INITIATE:
        return action->initiate.interface;
    case ACTION_IKE_MIGRATE:
        return action->migrate.interface;
    case ACTION_FIND_RESOLVERS:
    case ACTION_RESOLVE:
        return action->resolve.interface;
    case ACTION_FIREWALL:
    case ACTION_ROUTING:
    case ACTION_STORE:
    case ACTION_RESOLVE_CANCEL:
    case ACTION_IKE_START:
    case ACTION_IKE_STOP:
    case ACTION_IKE_LIVENESS:
    case ACTION_IKE_TERMINATE:
    case ACTION_KEEPALIVE:
    case ACTION_OFFLOAD_KEEPALIVES:
    case ACTION_WATCH_TRAFFIC:
    case ACTION_FETCH_REPLY:
    case ACTION_WATCH_DEMAND:
    case ACTION_PROBE_SEND:
    case ACTION_PROBE_CLOSE:
    case ACTION_NAT_RECALL:
    case ACTION_NAT_REMEMBER:
    case ACTION_DNS:
    case ACTION_CHARACTER:
    case ACTION_SLEEP_READY:
    case ACTION_REMEMBER:
        break;
    }
    return "";
}

static bool detail_fits(const struct action *action, const char *key, const char *value)
{
    bool migrates = action->type == ACTION_IKE_MIGRATE;

    if (strcmp(key, "if") == 0)
        return strcmp(interface_of(action), value) == 0;
    if (strcmp(key, "remote") == 0)
        return addr_is(migrates ? &action->migrate.remote : &action->initiate.remote, value);
    if (strcmp(key, "local") == 0)
        return addr_is(migrates ? &action->migrate.local : &action->initiate.local, value);
    if (strcmp(key, "name") == 0)
        return strcmp(action->resolve.name, value) == 0;
    if (strcmp(key, "silent") == 0)
        return action->silent == (strcmp(value, "yes") == 0);
    return false;
}

static void expect_did(struct scenario *s, char *p, bool wanted)
{
    enum action_type type;
    const struct action *found = NULL;
    char *word = scenario_word(&p), *value;

    if (!action_from_name(word, &type)) {
        scenario_fail(s, "there is no action %s", word ? word : "");
        return;
    }
    for (uint32_t i = 0; i < s->n_did; i++)
        if (s->did[i].type == type)
            found = &s->did[i];
    if ((found != NULL) != wanted) {
        scenario_fail(s, "%s was %s", word, found ? "done" : "not done");
        return;
    }
    while (found && (word = scenario_word(&p))) {
        value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        if (!value || !detail_fits(found, word, value))
            scenario_fail(s, "%s was done, but %s is not %s", action_name(type), word, value ? value : "");
    }
}

static void expect_order(struct scenario *s, char *p)
{
    char *word;
    uint32_t i = 0;

    for (; (word = scenario_word(&p)); i++) {
        const char *got = i < s->n_did ? action_name(s->did[i].type) : "nothing";
        if (strcmp(got, word) != 0) {
            scenario_fail(s, "action %u is %s, wanted %s", i, got, word);
            return;
        }
    }
    if (i < s->n_did)
        scenario_fail(s, "%s was done, too", action_name(s->did[i].type));
}

static bool parse_range(const char *text, usec_t *ret_low, usec_t *ret_high)
{
    const char *dots = strstr(text, "..");
    char low[64];

    if (!dots) {
        if (usec_parse(text, ret_low) < 0)
            return false;
        *ret_high = *ret_low;
        return true;
    }
    snprintf(low, sizeof(low), "%.*s", (int)(dots - text), text);
    return usec_parse(low, ret_low) == 0 && usec_parse(dots + 2, ret_high) == 0;
}

static void expect_count(struct scenario *s, char *p)
{
    enum action_type type;
    char *word = scenario_word(&p), *range = scenario_word(&p);
    usec_t low, high;
    uint64_t n;

    if (!range || !action_from_name(word, &type) || !parse_range(range, &low, &high)) {
        scenario_fail(s, "expect count ACTION N[..N]");
        return;
    }
    n = s->sim.mirror.n_done[type] - s->marked[type];
    if (n < low / SEC(1) || n > high / SEC(1)) /* numbers are read as seconds */
        scenario_fail(s, "%s was done %u times, wanted %s", word, (unsigned)n, range);
}

/* ---- what is open ---- */

static bool peer_is_open(const struct lockdown_peer *peers, uint32_t n_peers, const char *text)
{
    for (uint32_t i = 0; i < n_peers; i++)
        if (addr_is(&peers[i].addr, text))
            return true;
    return false;
}

static bool lan_is_open(const struct lockdown *l, const char *text)
{
    char buf[IP_PREFIX_TEXT_SIZE];

    for (uint32_t i = 0; i < l->n_lan; i++)
        if (strcmp(ip_prefix_format(&l->lan[i], buf, sizeof(buf)), text) == 0)
            return true;
    return false;
}

static bool is_open(const struct lockdown *l, const char *key, const char *value)
{
    if (strcmp(key, "gateway") == 0)
        return peer_is_open(l->gateways, l->n_gateways, value);
    if (strcmp(key, "resolver") == 0)
        return peer_is_open(l->resolvers, l->n_resolvers, value);
    if (strcmp(key, "fetch") == 0)
        return peer_is_open(l->fetches, l->n_fetches, value);
    if (strcmp(key, "probe") == 0)
        return peer_is_open(l->probes, l->n_probes, value);
    return strcmp(key, "lan") == 0 && lan_is_open(l, value);
}

static void expect_open(struct scenario *s, char *p)
{
    const struct lockdown *l = &s->sim.mirror.lockdown;
    uint32_t n_open = l->n_gateways + l->n_resolvers + l->n_fetches + l->n_probes + l->n_lan, n_wanted = 0;
    char *word, *value;

    while ((word = scenario_word(&p)) && strcmp(word, "nothing") != 0) {
        value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        n_wanted++;
        if (!value || !is_open(l, word, value))
            scenario_fail(s, "%s %s is not open", word, value ? value : "");
    }
    if (!l->active)
        scenario_fail(s, "everything is open: lockdown is off");
    else if (n_open != n_wanted)
        scenario_fail(s, "%u openings, wanted %u", n_open, n_wanted);
}

static const char *link_name(const struct scenario *s, int ifindex)
{
    const struct link_set *links = &s->sim.mirror.links;

    for (uint32_t i = 0; i < links->n_links; i++)
        if (links->links[i].ifindex == ifindex)
            return links->links[i].name;
    return "nowhere";
}

static void expect_route(struct scenario *s, char *p)
{
    const struct routing *r = &s->sim.mirror.routing;
    char *to = scenario_word(&p), *via, *interface;

    scenario_word(&p); /* "via" */
    via = scenario_word(&p);
    interface = scenario_word(&p);
    if (!to || !via || !interface || strncmp(interface, "if=", 3) != 0) {
        scenario_fail(s, "expect route ADDR via ADDR|link if=NAME");
        return;
    }
    for (uint32_t i = 0; i < r->n_outer; i++) {
        if (!addr_is(&r->outer[i].addr, to))
            continue;
        if (!addr_is(&r->outer[i].via, strcmp(via, "link") == 0 ? "none" : via) ||
            strcmp(link_name(s, r->outer[i].ifindex), interface + 3) != 0)
            scenario_fail(s, "the route to %s leads elsewhere", to);
        return;
    }
    scenario_fail(s, "no route to %s", to);
}

/* ---- moments ---- */

static void expect_moment(struct scenario *s, const char *what, usec_t at_usec, char *p)
{
    char *word = scenario_word(&p), text[32];
    usec_t low, high, in_usec = usec_sub(at_usec, s->sim.mirror.now_usec);

    if (word && strcmp(word, "none") == 0) {
        if (at_usec != USEC_INFINITY)
            scenario_fail(s, "%s is in %s", what, usec_format(in_usec, text, sizeof(text)));
        return;
    }
    if (!word || !parse_range(word, &low, &high))
        scenario_fail(s, "expect %s SPAN..SPAN|none", what);
    else if (in_usec < low || in_usec > high)
        scenario_fail(s, "%s is in %s, wanted %s", what, usec_format(in_usec, text, sizeof(text)), word);
}

static void expect_keepalive(struct scenario *s, char *p)
{
    char *word = scenario_word(&p);
    usec_t wanted_usec = 0;

    if (!word || (strcmp(word, "none") != 0 && usec_parse(word, &wanted_usec) < 0))
        scenario_fail(s, "expect keepalive SPAN|none");
    else if (s->sim.mirror.status.keepalive_interval_usec != wanted_usec)
        scenario_fail(s, "the keepalive interval is %u s",
            (unsigned)(s->sim.mirror.status.keepalive_interval_usec / SEC(1)));
}

static bool is_on(char *p)
{
    char *word = scenario_word(&p);

    return word && (strcmp(word, "yes") == 0 || strcmp(word, "on") == 0);
}

static void expect_flag(struct scenario *s, const char *what, bool got, bool wanted)
{
    if (got != wanted)
        scenario_fail(s, "%s is %s", what, got ? "on" : "off");
}

static void expect_base(struct scenario *s, char *p)
{
    const struct core_status *status = &s->sim.mirror.status;
    char *word = scenario_word(&p);
    const char *got = status->has_base_link ? status->base_link.name : "none";

    if (!word || strcmp(word, got) != 0)
        scenario_fail(s, "the base link is %s", got);
}

static bool expect_state(struct scenario *s, const char *word, char *p)
{
    const struct core_status *status = &s->sim.mirror.status;
    enum state state;
    char *reason = scenario_word(&p);

    if (!state_from_name(word, &state))
        return false;
    if (status->state != state || (reason && strcmp(reason, reason_name(status->reason)) != 0))
        scenario_fail(s, "wanted %s (%s)", word, reason ? reason : "whatever");
    return true;
}

void scenario_expect(struct scenario *s, char *p)
{
    const struct mirror *m = &s->sim.mirror;
    char *word = scenario_word(&p);

    if (!word)
        scenario_fail(s, "expect what?");
    else if (strcmp(word, "did") == 0)
        expect_did(s, p, true);
    else if (strcmp(word, "not") == 0 && scenario_word(&p))
        expect_did(s, p, false);
    else if (strcmp(word, "order") == 0)
        expect_order(s, p);
    else if (strcmp(word, "open") == 0)
        expect_open(s, p);
    else if (strcmp(word, "route") == 0)
        expect_route(s, p);
    else if (strcmp(word, "count") == 0)
        expect_count(s, p);
    else if (strcmp(word, "deadline") == 0)
        expect_moment(s, word, m->deadline.at_usec, p);
    else if (strcmp(word, "retry") == 0)
        expect_moment(s, word, m->status.retry_at_usec, p);
    else if (strcmp(word, "keepalive") == 0)
        expect_keepalive(s, p);
    else if (strcmp(word, "lockdown") == 0)
        expect_flag(s, word, m->lockdown.active && m->routing.active, is_on(p));
    else if (strcmp(word, "recorded") == 0)
        expect_flag(s, word, m->record_enabled, is_on(p));
    else if (strcmp(word, "ike") == 0)
        expect_flag(s, word, m->ike_running, is_on(p));
    else if (strcmp(word, "wake") == 0)
        expect_flag(s, word, m->deadline.wake, is_on(p));
    else if (strcmp(word, "push") == 0)
        expect_flag(s, word, m->status.push_supported, is_on(p));
    else if (strcmp(word, "base") == 0)
        expect_base(s, p);
    else if (strcmp(word, "blocked") == 0 || strcmp(word, "unblocked") == 0)
        expect_flag(s, "internet_blocked", m->status.internet_blocked, word[0] == 'b');
    else if (!expect_state(s, word, p))
        scenario_fail(s, "expect what? %s", word);
}
