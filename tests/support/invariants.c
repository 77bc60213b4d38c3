/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invariants. One function for each promise; a violation names what broke it.
 */
#include "support/invariants.h"

#include "base/macro.h"

#include <stdio.h>
#include <string.h>

static bool in_peers(const struct lockdown_peer *peers, uint32_t n_peers, const struct ip_addr *addr)
{
    for (uint32_t i = 0; i < n_peers; i++)
        if (ip_addr_equal(&peers[i].addr, addr))
            return true;
    return false;
}

static const struct routing_outer *route_to(const struct mirror *mirror, const struct ip_addr *addr)
{
    for (uint32_t i = 0; i < mirror->routing.n_outer; i++)
        if (ip_addr_equal(&mirror->routing.outer[i].addr, addr))
            return &mirror->routing.outer[i];
    return NULL;
}

static const struct link *find_link(const struct mirror *mirror, int ifindex)
{
    for (uint32_t i = 0; i < mirror->links.n_links; i++)
        if (mirror->links.links[i].ifindex == ifindex)
            return &mirror->links.links[i];
    return NULL;
}

static bool has_address(const struct link *link, const struct ip_addr *addr)
{
    for (uint32_t i = 0; i < link->n_addrs; i++)
        if (ip_addr_equal(&link->addrs[i].addr, addr))
            return true;
    return false;
}

void invariants_check_contact(
    struct mirror *mirror, const struct ip_addr *remote, const struct ip_addr *local, int ifindex)
{
    char text[IP_ADDR_TEXT_SIZE];
    const struct link *link = find_link(mirror, ifindex);
    const struct routing_outer *outer = route_to(mirror, remote);

    ip_addr_format(remote, text, sizeof(text));
    if (!mirror->lockdown.active || !in_peers(mirror->lockdown.gateways, mirror->lockdown.n_gateways, remote))
        mirror_violate(mirror, "IKE to %s, which lockdown does not admit", text);
    else if (!mirror->routing.active || !outer)
        mirror_violate(mirror, "IKE to %s without a host route", text);
    else if (outer->ifindex != ifindex)
        mirror_violate(mirror, "IKE to %s over link %d, but its host route leads over %d", text, ifindex,
            outer->ifindex);
    else if (!link || !mirror_link_reaches(mirror, link, remote))
        mirror_violate(mirror, "IKE to %s over link %d, which does not reach it", text, ifindex);
    else if (!has_address(link, local) || local->family != remote->family)
        mirror_violate(mirror, "IKE to %s from an address that link %d does not have", text, ifindex);
}

void invariants_check_resolve(struct mirror *mirror, const struct resolve_request *request)
{
    if (request->n_servers == 0)
        mirror_violate(mirror, "a name is asked of no server");
    for (uint32_t i = 0; i < request->n_servers && i < LOCKDOWN_PEERS_MAX; i++)
        if (request->servers[i].family &&
            !in_peers(mirror->lockdown.resolvers, mirror->lockdown.n_resolvers, &request->servers[i]))
            mirror_violate(mirror, "a name is asked of a server that lockdown does not admit");
}

void invariants_check_fetch(struct mirror *mirror, const struct ip_addr *addr)
{
    if (!in_peers(mirror->lockdown.fetches, mirror->lockdown.n_fetches, addr) || !route_to(mirror, addr))
        mirror_violate(mirror, "a fetch is allowed before its host is admitted and routed");
}

void invariants_check_probe(struct mirror *mirror, const struct probe_send *send)
{
    const struct link *link = find_link(mirror, send->ifindex);
    const struct routing_outer *outer = route_to(mirror, &send->server);

    if (mirror->status.state != STATE_CONNECTED || !mirror->has_tunnel || mirror->migrating)
        mirror_violate(mirror, "a probe without a tunnel that stands still");
    if (mirror->policy.keepalive_mode != KEEPALIVE_MODE_DETECT)
        mirror_violate(mirror, "a probe though nothing is to be detected");
    if (!in_peers(mirror->lockdown.probes, mirror->lockdown.n_probes, &send->server))
        mirror_violate(mirror, "a probe to a server that lockdown does not admit");
    if (!outer || outer->ifindex != send->ifindex || !link || !has_address(link, &send->local))
        mirror_violate(mirror, "a probe that does not go the tunnel's way");
    if (send->server.family != mirror->tunnel.remote.family)
        mirror_violate(mirror, "a probe of another family than the tunnel's");
    if (mirror->now_usec < mirror->known_until_usec)
        mirror_violate(mirror, "a probe in a network that is known");
}

static bool wants_a_name(const struct mirror *mirror)
{
    for (uint32_t i = 0; i < mirror->n_requests; i++)
        if (mirror->requests[i].n_servers)
            return true;
    return false;
}

static bool in_prefixes(const struct ip_prefix *prefixes, uint32_t n_prefixes, const struct ip_prefix *prefix)
{
    for (uint32_t i = 0; i < n_prefixes; i++)
        if (ip_prefix_equal(&prefixes[i], prefix))
            return true;
    return false;
}

/* Routing opens the firewall's LAN, beyond it the console's subnets at most, and nothing public. */
static void check_ways(struct mirror *mirror)
{
    const struct lockdown *lockdown = &mirror->lockdown;
    const struct routing *routing = &mirror->routing;

    for (uint32_t i = 0; i < lockdown->n_lan; i++)
        if (!in_prefixes(routing->lan, routing->n_lan, &lockdown->lan[i]))
            mirror_violate(mirror, "firewall and routing differ on the LAN");
    for (uint32_t i = 0; i < routing->n_lan; i++) {
        if (!ip_prefix_is_local(&routing->lan[i]))
            mirror_violate(mirror, "a public prefix has a way as LAN");
        if (in_prefixes(routing->lan, i, &routing->lan[i]))
            mirror_violate(mirror, "a rule would stand twice");
    }
    if (!lockdown->allow_usb && (routing->usb[0] || routing->n_lan != lockdown->n_lan))
        mirror_violate(mirror, "the USB console has a way though AllowUSBAccess is off");
    if (routing->n_services > lockdown->n_cellular_services)
        mirror_violate(mirror, "more services have a way than the firewall admits");
}

/* Enabled: nothing passes but what is being done at this moment. */
static void check_blocked(struct mirror *mirror)
{
    const struct lockdown *lockdown = &mirror->lockdown;
    bool blocked = mirror->status.state != STATE_DISABLED && mirror->status.state != STATE_CONNECTED;

    if (mirror->status.internet_blocked != blocked)
        mirror_violate(mirror, "status says internet_blocked %d in state %s", mirror->status.internet_blocked,
            state_name(mirror->status.state));
    if (mirror->firewall_broken)
        return;
    if (mirror->status.state == STATE_DISABLED)
        return;
    if (!lockdown->active || !mirror->routing.active)
        mirror_violate(mirror, "enabled and open");
    if (lockdown->tunnel_up != (mirror->status.state == STATE_CONNECTED))
        mirror_violate(mirror, "lockdown and state differ on whether the tunnel is up");
    if (lockdown->n_resolvers && !wants_a_name(mirror))
        mirror_violate(mirror, "name servers are admitted though no name is being asked for");
    if (lockdown->n_gateways && !mirror->attempting && !mirror->has_tunnel)
        mirror_violate(mirror, "a gateway is admitted though none is contacted");
    if (lockdown->n_fetches && !mirror->attempting)
        mirror_violate(mirror, "CRL hosts are admitted though no certificate is being checked");
    if (lockdown->n_lan && !mirror->policy.allow_lan)
        mirror_violate(mirror, "the LAN is open though AllowLAN is off");
    for (uint32_t i = 0; i < lockdown->n_lan; i++)
        if (!ip_prefix_is_local(&lockdown->lan[i]))
            mirror_violate(mirror, "a public prefix is open as LAN");
    check_ways(mirror);
}

/* Everything that could be open is closed, so that disabled means gone. */
static void check_off(struct mirror *mirror)
{
    if (mirror->status.state != STATE_DISABLED)
        return;
    if (mirror->ike_running || mirror->attempting || mirror->has_tunnel)
        mirror_violate(mirror, "disabled, but IKE runs");
    if (mirror->n_requests)
        mirror_violate(mirror, "disabled, but a name is being asked for");
    if (mirror->firewall_broken) {
        if (mirror->deadline.at_usec == USEC_INFINITY)
            mirror_violate(mirror, "disabled with the firewall still there, and nothing will remove it");
        return;
    }
    if (mirror->lockdown.active || mirror->routing.active)
        mirror_violate(mirror, "disabled, but lockdown stands");
    if (mirror->deadline.at_usec != USEC_INFINITY)
        mirror_violate(mirror, "disabled, but a deadline is set");
}

static void check_wishes(struct mirror *mirror)
{
    enum state state = mirror->status.state;

    if (mirror->status.enabled != (state != STATE_DISABLED))
        mirror_violate(
            mirror, "status says enabled %d in state %s", mirror->status.enabled, state_name(state));
    if (mirror->wants_enabled && state == STATE_DISABLED)
        mirror_violate(mirror, "enabled by the user, but disabled");
    if (!mirror->wants_enabled && state != STATE_DISABLED && state != STATE_DISCONNECTING)
        mirror_violate(mirror, "disabled by the user, but %s", state_name(state));
    if (mirror->wants_rest && state != STATE_OFFLINE && state != STATE_DISCONNECTING &&
        !(state == STATE_FAILED && mirror->firewall_broken))
        mirror_violate(mirror, "disconnected by the user, but %s", state_name(state));
    if (!mirror->firewall_broken && !mirror->store_broken && mirror->record_enabled != (state != STATE_DISABLED))
        mirror_violate(mirror, "the record on disk says enabled %d in state %s", mirror->record_enabled,
            state_name(state));
}

/* On demand: somebody looks out for the first packet, which has an interface and routes to go to, and waiting for it costs nothing. */
static void check_armed(struct mirror *mirror)
{
    if (mirror->firewall_broken)
        return; /* the rest of that turn was not done, and the core is about to be told */
    if (!mirror->demand_watched)
        mirror_violate(mirror, "armed, but the first packet would not be noticed");
    if (mirror->has_tunnel || mirror->attempting)
        mirror_violate(mirror, "armed, but IKE is under way");
    /* what a gateway has granted may be nothing that is of use; before it has, what will be asked for is routed */
    if (mirror->routing.n_addrs == 0 || (mirror->routing.n_subnets == 0 && mirror->policy.n_subnets > 0 && mirror->status.tunnel.n_addrs == 0))
        mirror_violate(mirror, "armed, but no packet can come: %u addresses, %u routes", mirror->routing.n_addrs, mirror->routing.n_subnets);
    if (!mirror->status.on_demand)
        mirror_violate(mirror, "armed, but the link does not roam");
    if (mirror->deadline.at_usec != USEC_INFINITY)
        mirror_violate(mirror, "armed, but a deadline is set");
}

/* Always on: something will happen next, by time or by an answer. */
static void check_alive(struct mirror *mirror)
{
    enum state state = mirror->status.state;
    bool waits = mirror->deadline.at_usec != USEC_INFINITY;

    switch (state) {
    case STATE_CONNECTING:
    case STATE_BACKOFF:
    case STATE_FAILED:
    case STATE_DISCONNECTING:
        if (!waits)
            mirror_violate(mirror, "stuck in %s: no deadline", state_name(state));
        break;
    case STATE_OFFLINE:
        if (mirror->wants_rest)
            break;
        for (uint32_t i = 0; i < mirror->links.n_links && mirror->policy.n_ignore == 0; i++)
            if (mirror_link_reaches(mirror, &mirror->links.links[i], NULL))
                mirror_violate(mirror, "offline though link %s is usable", mirror->links.links[i].name);
        break;
    case STATE_CONNECTED:
        if (!mirror->watching && !waits)
            mirror_violate(mirror, "connected, but a dead path would not be noticed");
        if (!mirror->has_tunnel)
            mirror_violate(mirror, "connected without a tunnel");
        break;
    case STATE_ARMED:
        check_armed(mirror);
        break;
    case STATE_DISABLED:
        break;
    }
    if (mirror->n_fetches && !mirror->attempting)
        mirror_violate(mirror, "charon waits for a fetch reply that nobody will give");
    usec_t span_usec = MAX_OF(mirror->status.keepalive_interval_usec, mirror->status.on_demand ? mirror->policy.idle_timeout_usec : 0);
    if (waits && mirror->deadline.slack_usec > MAX_OF(MSEC(50), span_usec / 100 * 5))
        mirror_violate(
            mirror, "slack of %llu us is more than 5 %%", (unsigned long long)mirror->deadline.slack_usec);
}

/* Nothing is probed but while connected, and no interval is longer than what is known to be survived. */
static void check_probing(struct mirror *mirror)
{
    const struct core_status *status = &mirror->status;
    usec_t lifetime_usec = status->nat_lifetime_usec;

    if (mirror->firewall_broken)
        return;
    if (mirror->probe_slots && (status->state != STATE_CONNECTED || mirror->policy.keepalive_mode != KEEPALIVE_MODE_DETECT))
        mirror_violate(mirror, "probe sockets are open in state %s", state_name(status->state));
    if (mirror->lockdown.n_probes && status->state != STATE_CONNECTED)
        mirror_violate(mirror, "a probe server is admitted in state %s", state_name(status->state));
    if (status->nat_method != NAT_METHOD_MOBIKE && /* which tries what may be too long */
        lifetime_usec != 0 && lifetime_usec != USEC_INFINITY && status->keepalive_interval_usec >= lifetime_usec &&
        status->keepalive_interval_usec > mirror->policy.keepalive_min_usec)
        mirror_violate(mirror, "a keepalive every %llu us, and the NAT forgets after %llu",
            (unsigned long long)status->keepalive_interval_usec, (unsigned long long)lifetime_usec);
}

static void check_no_spin(struct mirror *mirror, const struct event *event)
{
    if (event->type == EVENT_TIMER && mirror->deadline.at_usec <= mirror->now_usec)
        mirror_violate(mirror, "the timer spins: after the event at %llu the deadline is %llu",
            (unsigned long long)mirror->now_usec, (unsigned long long)mirror->deadline.at_usec);
}

static bool link_is_lost(const struct mirror *mirror, const struct link *base, const struct ip_addr *local)
{
    const struct link *link = find_link(mirror, base->ifindex);

    return !link || !mirror_link_reaches(mirror, link, &mirror->before.gateway_addr) ||
           (local->family && !has_address(link, local)) || mirror->policy.n_ignore > 0;
}

/* A lost base link is not waited for longer than the grace. */
static void check_grace(struct mirror *mirror, const struct event *event)
{
    const struct core_status *status = &mirror->status;

    if (event->type != EVENT_LINKS || status->state != STATE_CONNECTED || mirror->migrating ||
        mirror->policy.n_ignore > 0)
        return;
    if (link_is_lost(mirror, &status->base_link, &status->tunnel.local) &&
        mirror->deadline.at_usec > usec_add(mirror->now_usec, SEC(1)))
        mirror_violate(mirror, "the base link is lost, and nothing will come of it");
}

/* Only loss, a dead path, the user or the administrator moves a tunnel. */
static void check_sticky(struct mirror *mirror, const struct event *event)
{
    const struct core_status *before = &mirror->before, *after = &mirror->status;

    if (before->state != STATE_CONNECTED ||
        (after->state == STATE_CONNECTED && before->base_link.ifindex == after->base_link.ifindex))
        return;
    switch (event->type) {
    case EVENT_DISABLE:
    case EVENT_DISCONNECT:
    case EVENT_POLICY:
    case EVENT_IKE_CLOSED:
    case EVENT_IKE_FAILED:
    case EVENT_IKE_MOVED:
    case EVENT_TRAFFIC:
    case EVENT_TIMER:
    case EVENT_FIREWALL_FAILED:
    case EVENT_STORE_FAILED:
        return;
    case EVENT_RESUME:
        if (!mirror->slept_at_usec || usec_sub(mirror->now_usec, mirror->slept_at_usec) < HOURS(4))
            mirror_violate(mirror, "a short sleep made the tunnel move");
        return;
    case EVENT_LINKS:
        if (!mirror->was_migrating && !link_is_lost(mirror, &before->base_link, &before->tunnel.local))
            mirror_violate(mirror, "the tunnel left a base link that is not lost");
        return;
    case EVENT_START:
    case EVENT_REMEMBERED:
    case EVENT_ENABLE:
    case EVENT_CONNECT:
    case EVENT_CLOCK:
    case EVENT_CREDENTIALS:
    case EVENT_RESOLVERS:
    case EVENT_RESOLVED:
    case EVENT_IKE_ESTABLISHED:
    case EVENT_IKE_ANSWERED:
    case EVENT_OFFLOADED:
    case EVENT_PATH_MTU:
    case EVENT_NEIGHBOUR_LOST: /* it may be old news: a check comes first */
    case EVENT_DEMAND:
    case EVENT_PROBE_ANSWER:
    case EVENT_PROBE_FAILED:
    case EVENT_NAT_RECALLED:
    case EVENT_TUNNEL_LOST:
    case EVENT_FETCH_WANTED:
    case EVENT_FETCH_DONE:
    case EVENT_SUSPEND:
        mirror_violate(mirror, "%s made the tunnel move", event_name(event->type));
        return;
    }
}

/* Only what the tunnel's packets are handed to is worth a packet when it is lost. */
static void check_neighbour(struct mirror *mirror, const struct event *event)
{
    const struct routing_outer *outer = route_to(mirror, &mirror->tunnel.remote);
    const struct ip_addr *hop = outer && outer->via.family ? &outer->via : &mirror->tunnel.remote;

    if (event->type != EVENT_NEIGHBOUR_LOST || !mirror_action(mirror, ACTION_IKE_LIVENESS))
        return;
    if (!outer || outer->ifindex != event->neighbour.ifindex || !ip_addr_equal(hop, &event->neighbour.addr))
        mirror_violate(mirror, "a check though the lost neighbour does not carry the tunnel");
}

static void check_reason(struct mirror *mirror)
{
    const struct core_status *status = &mirror->status;

    if (status->reason == REASON_NONE)
        mirror_violate(mirror, "no reason in state %s", state_name(status->state));
    if (status->state == STATE_FAILED && !reason_is_permanent(status->reason))
        mirror_violate(mirror, "failed for a passing reason: %s", reason_name(status->reason));
    if (status->state == STATE_CONNECTED && status->reason != REASON_ESTABLISHED &&
        status->reason != REASON_LINK_LOST && status->reason != REASON_PATH_DEAD)
        mirror_violate(mirror, "connected for the reason %s", reason_name(status->reason));
    if (status->state == STATE_OFFLINE && reason_is_permanent(status->reason))
        mirror_violate(mirror, "offline for a permanent reason: %s", reason_name(status->reason));
    if (status->state == STATE_DISABLED && status->reason != REASON_DISABLED && !mirror->firewall_broken)
        mirror_violate(mirror, "disabled for the reason %s", reason_name(status->reason));
    if (status->since_at_usec > mirror->now_usec)
        mirror_violate(mirror, "in this state since the future");
}

static bool is_zero(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

/* memcmp tells whether anything changed: so nothing may hide behind the counts. */
static void check_zeroed(struct mirror *mirror)
{
    const struct lockdown *l = &mirror->lockdown;
    const struct routing *r = &mirror->routing;

    if (l->n_gateways > LOCKDOWN_PEERS_MAX || l->n_resolvers > LOCKDOWN_PEERS_MAX ||
        l->n_fetches > LOCKDOWN_PEERS_MAX || l->n_probes > LOCKDOWN_PEERS_MAX || l->n_lan > LOCKDOWN_LAN_MAX || r->n_outer > ROUTING_OUTER_MAX ||
        r->n_subnets > POLICY_SUBNETS_MAX || r->n_lan > ROUTING_LAN_MAX || r->n_services > POLICY_NAMES_MAX) {
        mirror_violate(mirror, "a count is out of bounds");
        return;
    }
    if (!is_zero(l->gateways + l->n_gateways, sizeof(l->gateways) - l->n_gateways * sizeof(l->gateways[0])) ||
        !is_zero(
            l->resolvers + l->n_resolvers, sizeof(l->resolvers) - l->n_resolvers * sizeof(l->resolvers[0])) ||
        !is_zero(l->fetches + l->n_fetches, sizeof(l->fetches) - l->n_fetches * sizeof(l->fetches[0])) ||
        !is_zero(l->probes + l->n_probes, sizeof(l->probes) - l->n_probes * sizeof(l->probes[0])) ||
        !is_zero(r->lan + r->n_lan, sizeof(r->lan) - r->n_lan * sizeof(r->lan[0])) ||
        !is_zero(r->services + r->n_services, sizeof(r->services) - r->n_services * sizeof(r->services[0])) ||
        !is_zero(r->outer + r->n_outer, sizeof(r->outer) - r->n_outer * sizeof(r->outer[0])))
        mirror_violate(mirror, "closed rows are not zeroed");
}

/* Name servers are told only with a way to them through the tunnel, and whenever the addresses of one that has any are known. */
static void check_dns(struct mirror *mirror)
{
    const struct dns *dns = &mirror->dns;
    const struct routing *r = &mirror->routing;

    if (!dns->active) {
        if (!is_zero(dns, sizeof(*dns)))
            mirror_violate(mirror, "no name servers, but something is said of them");
        return;
    }
    if (!r->active || !mirror->lockdown.active || dns->n_servers == 0)
        mirror_violate(mirror, "name servers without a tunnel, or none at all");
    for (uint32_t i = 0; i < dns->n_servers; i++) {
        bool routed = false;
        for (uint32_t k = 0; k < r->n_subnets; k++)
            routed |= ip_prefix_contains(&r->subnets[k], &dns->servers[i]);
        if (!routed)
            mirror_violate(mirror, "a name server that the tunnel does not reach");
    }
}

static void check_character(struct mirror *mirror)
{
    const struct character *c = &mirror->character;

    if (c->active != mirror->lockdown.active || c->blocking != mirror->lockdown.active)
        mirror_violate(mirror, "others are told that the internet is %s", c->blocking ? "blocked" : "open");
    if (c->has_base != (mirror->status.state == STATE_CONNECTED))
        mirror_violate(mirror, "others are told of a base link at the wrong time");
    if (c->has_base && (strcmp(c->base_interface, mirror->status.base_link.name) != 0 ||
                           c->metered != mirror->status.base_link.metered || c->roaming != mirror->status.base_link.roaming))
        mirror_violate(mirror, "others are told of another base link");
}

void invariants_check(struct mirror *mirror, const struct event *event)
{
    check_blocked(mirror);
    check_off(mirror);
    check_wishes(mirror);
    check_alive(mirror);
    check_no_spin(mirror, event);
    check_probing(mirror);
    check_grace(mirror, event);
    check_sticky(mirror, event);
    check_neighbour(mirror, event);
    check_reason(mirror);
    check_zeroed(mirror);
    if (!mirror->firewall_broken) { /* else nothing is told */
        check_dns(mirror);
        check_character(mirror);
    }
}
