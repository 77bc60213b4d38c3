/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handset of the core's tests. Decides only what its networks look like.
 */
#include "support/core-fixture.h"

#include "base/macro.h"

#include <stdlib.h>

struct ip_addr addr_of(const char *text)
{
    struct ip_addr addr = { 0 };

    if (ip_addr_parse(text, &addr) < 0)
        test_fail(__FILE__, __LINE__, "not an address: %s", text);
    return addr;
}

struct ip_prefix prefix_of(const char *text)
{
    struct ip_prefix prefix = { 0 };

    if (ip_prefix_parse(text, &prefix) < 0)
        test_fail(__FILE__, __LINE__, "not a prefix: %s", text);
    return prefix;
}

void fixture_policy(struct policy *ret)
{
    *ret = (struct policy){
        .complete = true,
        .n_gateways = 1,
        .gateways = { { .name = NAME } },
        .interface = "mvpn0",
        .mark = 0x4d56,
        .n_subnets = 2,
        .subnets = { prefix_of("0.0.0.0/0"), prefix_of("::/0") },
        .initial_delay_usec = SEC(2),
        .max_delay_usec = MINUTES(5),
        .keepalive_mode = KEEPALIVE_MODE_DETECT,
        .keepalive_usec = SEC(20),
        .keepalive_min_usec = SEC(10),
        .keepalive_max_usec = MINUTES(10),
        .roaming_detect = ROAMING_DETECT_AUTO,
        .roaming_keepalive = true,
        .idle_timeout_usec = MINUTES(2),
        .n_prefer = 3,
        .prefer = { "ethernet", "wifi", "cellular" },
        .migrate = true,
        .allow_usb = true,
        .user_may_disable = true,
    };
}

static struct link a_link(int ifindex, const char *name, enum link_type type, const char *addr,
    uint8_t length, const char *via, uint32_t metric)
{
    struct link link = { .ifindex = ifindex,
        .type = type,
        .up = true,
        .carrier = true,
        .mtu = 1500,
        .n_addrs = 1,
        .n_routes = 1 };

    strncpy(link.name, name, sizeof(link.name) - 1);
    link.addrs[0] = (struct link_addr){ addr_of(addr), length };
    link.routes[0].via = addr_of(via);
    link.routes[0].destination = prefix_of(link.routes[0].via.family == 4 ? "0.0.0.0/0" : "::/0");
    link.routes[0].metric = metric;
    return link;
}

struct link eth0(void)
{
    return a_link(ETH0, "eth0", LINK_TYPE_ETHERNET, "192.0.2.10", 24, "192.0.2.1", 100);
}

struct link wlan0(void)
{
    return a_link(WLAN0, "wlan0", LINK_TYPE_WIFI, "192.168.1.10", 24, "192.168.1.1", 600);
}

struct link wwan0(void)
{
    struct link link = a_link(WWAN0, "wwan0", LINK_TYPE_CELLULAR, "10.64.0.10", 30, "10.64.0.9", 700);

    link.metered = link.wake_on_incoming = true;
    return link;
}

struct link wwan6(void)
{
    struct link link = a_link(WWAN0, "wwan0", LINK_TYPE_CELLULAR, "2001:db8:77::10", 64, "fe80::1", 700);

    link.metered = link.wake_on_incoming = true;
    return link;
}

static void prepare(struct fixture *f, const struct policy *policy, uint64_t seed)
{
    memset(f, 0, sizeof(*f));
    f->policy = *policy;
    f->credentials = (struct credentials){ .not_before_sec = 1700000000, .not_after_sec = 1900000000 };
    f->nat = f->mobike = true;
    if (!mirror_init(&f->mirror, policy, seed))
        abort();
    f->mirror.now_usec = SEC(1000);
    fx_clock(f, 1800000000, 1750000000);
    fx_credentials(f, &f->credentials);
}

void fixture_init_with(struct fixture *f, const struct policy *policy, uint64_t seed)
{
    prepare(f, policy, seed);
    fx(f, &(struct event){ .type = EVENT_START, .enabled = false });
}

void fixture_boot(struct fixture *f, const struct event *remembered, const struct link *link)
{
    struct policy policy;

    fixture_policy(&policy);
    prepare(f, &policy, 1);
    fx(f, remembered);
    fx_links(f, 1, link);
    fx(f, &(struct event){ .type = EVENT_START, .enabled = true });
}

void fixture_init(struct fixture *f)
{
    struct policy policy;

    fixture_policy(&policy);
    fixture_init_with(f, &policy, 1);
}

void fixture_done(struct fixture *f)
{
    mirror_done(&f->mirror);
}

static void report(struct fixture *f)
{
    if (!f->mirror.violation[0])
        return;
    test_fail(__FILE__, __LINE__, "invariant: %s (state %s, reason %s)", f->mirror.violation,
        state_name(f->mirror.status.state), reason_name(f->mirror.status.reason));
    f->mirror.violation[0] = '\0';
}

void fx(struct fixture *f, const struct event *event)
{
    mirror_step(&f->mirror, f->mirror.now_usec, event);
    report(f);
}

void fx_simple(struct fixture *f, enum event_type type)
{
    fx(f, &(struct event){ .type = type });
}

void fx_links(struct fixture *f, uint32_t n_links, const struct link *links)
{
    memset(&f->links, 0, sizeof(f->links));
    f->links.n_links = n_links;
    for (uint32_t i = 0; i < n_links; i++)
        f->links.links[i] = links[i];
    fx(f, &(struct event){ .type = EVENT_LINKS, .links = &f->links });
}

void fx_policy(struct fixture *f, const struct policy *policy, bool ike_changed)
{
    f->policy = *policy;
    fx(f, &(struct event){ .type = EVENT_POLICY, .policy = &f->policy, .ike_changed = ike_changed });
}

void fx_credentials(struct fixture *f, const struct credentials *credentials)
{
    f->credentials = *credentials;
    fx(f, &(struct event){ .type = EVENT_CREDENTIALS, .credentials = *credentials });
}

void fx_clock(struct fixture *f, int64_t wall_sec, int64_t floor_sec)
{
    int64_t offset_usec = wall_sec * (int64_t)SEC(1) - (int64_t)f->mirror.now_usec;

    fx(f, &(struct event){
              .type = EVENT_CLOCK, .clock = { .offset_usec = offset_usec, .floor_sec = floor_sec } });
}

static struct resolved answer(const struct fixture *f, uint32_t n_addrs, const char *const *addrs)
{
    struct resolved resolved = { .n_addrs = n_addrs };

    if (CHECK(f->mirror.n_requests > 0))
        resolved.id = f->mirror.requests[f->mirror.n_requests - 1].id;
    for (uint32_t i = 0; i < n_addrs; i++)
        resolved.addrs[i] = addr_of(addrs[i]);
    return resolved;
}

void fx_resolvers(struct fixture *f, uint32_t n_addrs, const char *const *addrs)
{
    fx(f, &(struct event){ .type = EVENT_RESOLVERS, .resolvers = answer(f, n_addrs, addrs) });
}

void fx_resolved(struct fixture *f, uint32_t n_addrs, const char *const *addrs)
{
    fx(f, &(struct event){ .type = EVENT_RESOLVED, .resolved = answer(f, n_addrs, addrs) });
}

void fx_answer_name(struct fixture *f)
{
    fx_resolvers(f, 1, (const char *const[]){ "192.0.2.1" });
    fx_resolved(f, 1, (const char *const[]){ GATEWAY });
}

void fx_established(struct fixture *f)
{
    const struct initiate_request *attempt = &f->mirror.attempt;

    fx(f, &(struct event){ .type = EVENT_IKE_ESTABLISHED,
              .tunnel = {
                  .attempt = attempt->attempt,
                  .n_addrs = 1,
                  .addrs = { addr_of("10.99.1.1") },
                  .n_dns = 1,
                  .dns = { addr_of("10.99.0.1") },
                  .n_subnets = 1,
                  .subnets = { prefix_of("0.0.0.0/0") },
                  .local = attempt->local,
                  .remote = attempt->remote,
                  .remote_port = 4500,
                  .nat = f->nat,
                  .mobike = f->mobike,
                  .offload = f->offload,
                  .sealing = f->sealing,
              } });
}

void fx_failed(struct fixture *f, enum reason reason)
{
    fx(f, &(struct event){ .type = EVENT_IKE_FAILED, .failure = { f->mirror.attempt.attempt, reason } });
}

void fx_closed(struct fixture *f, enum reason reason)
{
    fx(f, &(struct event){ .type = EVENT_IKE_CLOSED, .failure = { f->mirror.attempt.attempt, reason } });
}

void fx_moved(struct fixture *f, bool moved)
{
    fx(f, &(struct event){ .type = EVENT_IKE_MOVED,
              .path = { .local = f->mirror.migrate.local,
                  .remote = f->mirror.migrate.remote,
                  .nat = f->nat,
                  .moved = moved } });
}

void fx_unanswered(struct fixture *f, usec_t for_usec)
{
    struct traffic *traffic = &f->mirror.traffic;

    traffic->last_out_at_usec = f->mirror.now_usec;
    traffic->unanswered_at_usec = usec_sub(f->mirror.now_usec, for_usec);
    fx(f, &(struct event){ .type = EVENT_TRAFFIC, .traffic = *traffic });
}

void fx_advance(struct fixture *f, usec_t span_usec)
{
    mirror_advance(&f->mirror, f->mirror.now_usec + span_usec);
    report(f);
}

void fx_sleep(struct fixture *f, usec_t span_usec)
{
    f->mirror.now_usec += span_usec;
}

void fx_to_initiated(struct fixture *f)
{
    struct link links[] = { eth0() };

    fx_links(f, 1, links);
    fx_simple(f, EVENT_ENABLE);
    fx_resolvers(f, 1, (const char *const[]){ "192.0.2.1" });
    fx_resolved(f, 1, (const char *const[]){ GATEWAY });
    CHECK(fx_did(f, ACTION_IKE_INITIATE));
}

void fx_reach(struct fixture *f, enum state state)
{
    struct link roaming = wwan0();

    switch (state) {
    case STATE_DISABLED:
        return;
    case STATE_ARMED:
        roaming.roaming = true;
        fx_links(f, 1, &roaming);
        fx_simple(f, EVENT_ENABLE);
        break;
    case STATE_OFFLINE:
        fx_simple(f, EVENT_ENABLE);
        break;
    case STATE_CONNECTING:
        fx_to_initiated(f);
        break;
    case STATE_CONNECTED:
    case STATE_DISCONNECTING:
        fx_to_initiated(f);
        fx_established(f);
        if (state == STATE_DISCONNECTING)
            fx_simple(f, EVENT_DISCONNECT);
        break;
    case STATE_BACKOFF:
        fx_to_initiated(f);
        fx_failed(f, REASON_GATEWAY_SILENT);
        break;
    case STATE_FAILED:
        fx_to_initiated(f);
        fx_failed(f, REASON_AUTH_REFUSED);
        break;
    }
    CHECK_EQ(fx_state(f), state);
}

enum state fx_state(const struct fixture *f)
{
    return f->mirror.status.state;
}

enum reason fx_reason(const struct fixture *f)
{
    return f->mirror.status.reason;
}

bool fx_did(const struct fixture *f, enum action_type type)
{
    return mirror_action(&f->mirror, type) != NULL;
}

usec_t fx_retry_in(const struct fixture *f)
{
    return usec_sub(f->mirror.status.retry_at_usec, f->mirror.now_usec);
}

bool fx_check_state(const char *file, int line, const struct fixture *f, enum state state, enum reason reason)
{
    if (fx_state(f) == state && fx_reason(f) == reason)
        return true;
    test_fail(file, line, "state %s (%s), wanted %s (%s)", state_name(fx_state(f)), reason_name(fx_reason(f)),
        state_name(state), reason_name(reason));
    return false;
}
