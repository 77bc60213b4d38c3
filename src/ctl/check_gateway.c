/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Can the gateways' names be resolved? With a running mvpnd its word counts: under lockdown only it may ask. Without, mvpn's own resolver asks
 * the servers of the network that has a default route. One name after the other, bounded together.
 */
#include "ctl/check_room.h"

#if defined(CTL_CHECK_RESOLVER)
#include "net/net.h"
#include "sys/resolver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define ANSWER_USEC SEC(8) /* per name; the resolver itself ends after about seven */

struct resolving {
    struct resolver *resolver;
    struct resolve_request request;
    sd_event *loop;
    int error; /* of asking; 0: asked */
    bool done; /* an answer, of either kind */
    uint32_t n_servers;
    struct resolved answer;
};

/* A link that a tunnel could use: the daemon's choice is finer, for resolving any will do. */
static const struct link *usable_link(const struct link_set *links)
{
    for (uint32_t i = 0; i < links->n_links; i++) {
        const struct link *link = &links->links[i];

        if (link->type <= LINK_TYPE_OTHER && link->up && link->carrier && link->n_addrs > 0 &&
            link->n_routes > 0)
            return link;
    }
    return NULL;
}

static bool find_link(const struct check_run *run, struct link *ret)
{
    static struct link_set links;
    const struct link *link = NULL;
    struct net *net;

    if (net_new(run->settings->policy.interface, run->paths->runtime_dir, &net) < 0)
        return false;
    net_get_links(net, &links);
    link = usable_link(&links);
    if (link)
        *ret = *link;
    net_free(net);
    return link != NULL;
}

static void take_servers(struct resolving *resolving, const struct resolved *servers)
{
    resolving->n_servers = servers->n_addrs;
    resolving->request.n_servers = servers->n_addrs;
    memcpy(resolving->request.servers, servers->addrs, sizeof(servers->addrs));
    if (servers->n_addrs == 0)
        resolving->done = true;
    else
        resolving->error = resolver_query(resolving->resolver, &resolving->request);
}

static void on_answer(void *userdata, const struct event *event)
{
    struct resolving *resolving = userdata;

    if (event->type == EVENT_RESOLVERS) {
        take_servers(resolving, &event->resolvers);
    } else if (event->type == EVENT_RESOLVED) {
        resolving->answer = event->resolved;
        resolving->done = true;
    }
    if (resolving->done || resolving->error < 0)
        sd_event_exit(resolving->loop, 0);
}

static void fill_request(const struct link *link, const char *name, struct resolve_request *ret)
{
    *ret =
        (struct resolve_request){ .id = 1, .ifindex = link->ifindex, .want_ipv4 = true, .want_ipv6 = true };
    snprintf(ret->name, sizeof(ret->name), "%s", name);
    memcpy(ret->interface, link->name, sizeof(ret->interface));
}

/* 0 when there was a verdict in *resolving. */
static int resolve(
    const struct check_run *run, const struct link *link, const char *name, struct resolving *resolving)
{
    sd_bus *bus = NULL;
    sd_event_source *limit = NULL;
    int r;

    *resolving = (struct resolving){ .error = 0 };
    fill_request(link, name, &resolving->request);
    r = sd_event_new(&resolving->loop);
    if (r < 0)
        return r;
    if (sd_bus_open_system(&bus) >= 0 &&
        sd_bus_attach_event(bus, resolving->loop, SD_EVENT_PRIORITY_NORMAL) < 0)
        bus = sd_bus_unref(bus);
    r = resolver_new(
        resolving->loop, bus, run->settings->policy.mark, on_answer, resolving, &resolving->resolver);
    if (r == 0) {
        r = resolver_find_servers(resolving->resolver, &resolving->request);
        if (r == 0)
            r = sd_event_add_time_relative(
                resolving->loop, &limit, CLOCK_BOOTTIME, ANSWER_USEC, 0, NULL, NULL);
        if (r >= 0)
            r = sd_event_loop(resolving->loop);
        resolver_free(resolving->resolver);
    }
    sd_event_source_unref(limit);
    if (bus) {
        sd_bus_detach_event(bus);
        sd_bus_flush_close_unref(bus);
    }
    sd_event_unref(resolving->loop);
    return r < 0 ? r : resolving->error;
}

static void report_answer(
    const struct check_run *run, const struct link *link, const char *name, const struct resolving *resolving)
{
    char addr[IP_ADDR_TEXT_SIZE];

    if (resolving->answer.n_addrs > 0)
        check_report(run, "gateway", CHECK_PASS, NULL, "%s is %s%s (asked over %s).", name,
            ip_addr_format(&resolving->answer.addrs[0], addr, sizeof(addr)),
            resolving->answer.n_addrs > 1 ? " and others" : "", link->name);
    else if (run->lockdown_installed)
        check_report(run, "gateway", CHECK_WARN, "Start mvpnd: it alone may ask.",
            "%s cannot be resolved now: lockdown is in place and mvpnd does not run.", name);
    else if (resolving->n_servers == 0)
        check_report(run, "gateway", CHECK_WARN,
            "Check the name servers of this network (DHCP, /etc/resolv.conf).",
            "%s was not asked for: %s has no name "
            "server.",
            name, link->name);
    else
        check_report(run, "gateway", CHECK_FAIL,
            "Check Gateway= for a mistyped name, and that this network's name servers work.",
            "%s could not be resolved by the name servers of %s.", name, link->name);
}

static void check_name(const struct check_run *run, const struct link *link, const char *name)
{
    struct resolving resolving;
    int r = resolve(run, link, name, &resolving);

    if (r == -EPERM || r == -EACCES)
        check_report(run, "gateway", CHECK_WARN, "Run 'mvpnctl check' as root.",
            "%s was not asked for: this needs root.", name);
    else if (r < 0)
        check_report(run, "gateway", CHECK_WARN, "Try again with mvpnd running.",
            "%s could not be asked for: %s.", name, strerror(-r));
    else
        report_answer(run, link, name, &resolving);
}
#endif

/* 1 when mvpnd's word settles it. */
static bool told_by_daemon(const struct check_run *run)
{
    if (!run->daemon.runs || !run->daemon.enabled)
        return false;
    if (run->daemon.gateway_address[0])
        check_report(run, "gateway", CHECK_PASS, NULL, "mvpnd uses %s.", run->daemon.gateway_address);
    else
        check_report(run, "gateway", CHECK_WARN, run->daemon.message,
            "mvpnd knows no address of a gateway now (state %s, reason %s); under lockdown only it "
            "may ask.",
            run->daemon.state, run->daemon.reason);
    return true;
}

void check_gateway(struct check_run *run)
{
    const struct policy *policy = run->settings ? &run->settings->policy : NULL;
    uint32_t n_names = 0;

    if (!policy || policy->n_gateways == 0 || told_by_daemon(run))
        return;
    for (uint32_t i = 0; i < policy->n_gateways; i++)
        n_names += policy->gateways[i].literal.family == 0;
    if (n_names == 0) {
        check_report(run, "gateway", CHECK_PASS, NULL, "Given by address; nothing to resolve.");
        return;
    }
#if defined(CTL_CHECK_RESOLVER)
    struct link link;

    if (!find_link(run, &link)) {
        check_report(run, "gateway", CHECK_WARN, "Connect to a network and try again.",
            "No gateway's name was asked for: no network is usable.");
        return;
    }
    for (uint32_t i = 0; i < policy->n_gateways; i++)
        if (policy->gateways[i].literal.family == 0)
            check_name(run, &link, policy->gateways[i].name);
#endif
}
