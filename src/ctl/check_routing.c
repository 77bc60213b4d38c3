/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who else is at our places in routing: rules that come before ours or use our priorities, tables and mark; routes of others in our tables; the
 * tunnel's name on an interface that is not ours; interfaces of other VPNs.
 */
#include "base/cleanup.h"
#include "ctl/check_netlink.h"
#include "ctl/check_room.h"

#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* killswitch.md, layer 2. */
#define TABLE_TUNNEL   19798
#define TABLE_BASE     19799
#define PRIORITY_FIRST 5100
#define PRIORITY_LAST  5201
#define OUR_PROTOCOL   77 /* rtm_protocol and FRA_PROTOCOL of what src/net makes */

struct conflicts {
    const struct check_run *run;
    unsigned n_rules, n_routes, n_interfaces;
};

/* ---- rules ---- */

static void judge_rule(
    struct conflicts *conflicts, const char *family, uint32_t priority, uint32_t table, uint32_t mark)
{
    const char *advice = "See 'ip rule' and take it away, or move it behind 5201.";

    if (priority >= PRIORITY_FIRST && priority <= PRIORITY_LAST)
        check_report(conflicts->run, "routing-rules", CHECK_FAIL, advice,
            "A foreign %s routing rule stands among mvpn's (priority %u, table %u).", family, priority,
            table);
    else if (table == TABLE_TUNNEL || table == TABLE_BASE)
        check_report(conflicts->run, "routing-rules", CHECK_FAIL, advice,
            "A foreign %s routing rule uses mvpn's table %u (priority %u).", family, table, priority);
    else if (mark == conflicts->run->settings->policy.mark)
        check_report(conflicts->run, "routing-rules", CHECK_FAIL,
            "Take the rule away, or choose another FirewallMark=.",
            "Another program uses mvpn's firewall mark 0x%x in a %s routing rule (priority %u).", mark,
            family, priority);
    else if (priority > 0 && priority < PRIORITY_FIRST)
        check_report(conflicts->run, "routing-rules", CHECK_WARN, advice,
            "A foreign %s routing rule comes before mvpn's (priority %u, table %u): packets that it takes "
            "never see the tunnel, and the firewall drops them.",
            family, priority, table);
    else
        return;
    conflicts->n_rules++;
}

static void on_rule(const struct nlmsghdr *message, void *userdata)
{
    struct conflicts *conflicts = userdata;
    const struct fib_rule_hdr *rule = NLMSG_DATA(message);
    struct check_attrs attrs;
    const struct rtattr *protocol;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*rule)))
        return;
    check_attrs_parse((const char *)rule + NLMSG_ALIGN(sizeof(*rule)),
        message->nlmsg_len - NLMSG_LENGTH(sizeof(*rule)), &attrs);
    protocol = attrs.at[FRA_PROTOCOL];
    if (protocol && RTA_PAYLOAD(protocol) >= 1 && *(const uint8_t *)RTA_DATA(protocol) == OUR_PROTOCOL)
        return;
    judge_rule(conflicts, rule->family == AF_INET6 ? "IPv6" : "IPv4",
        check_attr_u32(attrs.at[FRA_PRIORITY], 0), check_attr_u32(attrs.at[FRA_TABLE], rule->table),
        check_attr_u32(attrs.at[FRA_FWMARK], 0));
}

/* ---- routes ---- */

static void on_route(const struct nlmsghdr *message, void *userdata)
{
    struct conflicts *conflicts = userdata;
    const struct rtmsg *route = NLMSG_DATA(message);
    struct check_attrs attrs;
    uint32_t table;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*route)))
        return;
    check_attrs_parse(RTM_RTA(route), message->nlmsg_len - NLMSG_LENGTH(sizeof(*route)), &attrs);
    table = check_attr_u32(attrs.at[RTA_TABLE], route->rtm_table);
    if ((table == TABLE_TUNNEL || table == TABLE_BASE) && route->rtm_protocol != OUR_PROTOCOL &&
        !(route->rtm_flags & RTM_F_CLONED))
        conflicts->n_routes++;
}

/* ---- interfaces ---- */

/* Only these two kinds are never anything but a VPN; a tun device may be an emulator's. */
static bool is_foreign_vpn(const char *kind)
{
    return strcmp(kind, "wireguard") == 0 || strcmp(kind, "xfrm") == 0 || strcmp(kind, "vti") == 0 ||
           strcmp(kind, "tun") == 0;
}

static void judge_tunnel_name(struct conflicts *conflicts, const char *name, const char *kind)
{
    const struct check_run *run = conflicts->run;

    if (strcmp(kind, "tun") == 0 && (run->daemon.runs || run->lockdown_installed))
        return;
    conflicts->n_interfaces++;
    check_report(run, "interfaces", CHECK_FAIL,
        "Remove it ('ip link delete'), or choose another Interface= in [Tunnel].",
        "There is an interface %s already, and it is not mvpn's (%s).", name, kind[0] ? kind : "a device");
}

static void on_link(const struct nlmsghdr *message, void *userdata)
{
    struct conflicts *conflicts = userdata;
    const struct ifinfomsg *link = NLMSG_DATA(message);
    struct check_attrs attrs, info;
    const char *name, *kind;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
        return;
    check_attrs_parse(IFLA_RTA(link), message->nlmsg_len - NLMSG_LENGTH(sizeof(*link)), &attrs);
    check_attrs_parse(attrs.at[IFLA_LINKINFO] ? RTA_DATA(attrs.at[IFLA_LINKINFO]) : NULL,
        attrs.at[IFLA_LINKINFO] ? RTA_PAYLOAD(attrs.at[IFLA_LINKINFO]) : 0, &info);
    name = check_attr_text(attrs.at[IFLA_IFNAME]);
    kind = check_attr_text(info.at[IFLA_INFO_KIND]);
    if (strcmp(name, conflicts->run->settings->policy.interface) == 0) {
        judge_tunnel_name(conflicts, name, kind);
    } else if (is_foreign_vpn(kind)) {
        conflicts->n_interfaces++;
        check_report(conflicts->run, "interfaces", CHECK_WARN,
            "Take it down unless you know that it is needed: under lockdown it carries nothing out.",
            "There is an interface of another VPN or tunnel: %s (%s).", name, kind);
    }
}

/* ---- asking ---- */

static int dump_rules(struct conflicts *conflicts, uint8_t family)
{
    struct {
        struct nlmsghdr header;
        struct fib_rule_hdr rule;
    } request = { .header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETRULE },
        .rule = { .family = family } };

    return check_netlink_dump(NETLINK_ROUTE, &request.header, on_rule, conflicts);
}

/* The kernel sends all tables; up to some ten thousand routes on a router, read in passing. */
static int dump_routes(struct conflicts *conflicts, uint8_t family)
{
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
    } request = { .header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETROUTE },
        .route = { .rtm_family = family } };

    return check_netlink_dump(NETLINK_ROUTE, &request.header, on_route, conflicts);
}

static int dump_links(struct conflicts *conflicts)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } request = { .header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK } };

    return check_netlink_dump(NETLINK_ROUTE, &request.header, on_link, conflicts);
}

static void check_sysctls(const struct check_run *run)
{
    char value[16];

    check_read(run, "/proc/sys/net/ipv4/conf/all/route_localnet", value, sizeof(value));
    if (value[0] == '1')
        check_report(run, "sysctl", CHECK_WARN, "Set net.ipv4.conf.all.route_localnet=0.",
            "route_localnet is on: programs that listen on 127.0.0.1 only can be reached from the network.");
}

void check_routing(struct check_run *run)
{
    struct conflicts conflicts = { .run = run };

    if (!run->settings)
        return; /* mark and interface are not known */
    dump_rules(&conflicts, AF_INET);
    dump_rules(&conflicts, AF_INET6);
    if (conflicts.n_rules == 0)
        check_report(
            run, "routing-rules", CHECK_PASS, NULL, "No foreign rule stands before or among mvpn's.");
    dump_routes(&conflicts, AF_INET);
    dump_routes(&conflicts, AF_INET6);
    if (conflicts.n_routes > 0)
        check_report(run, "routing-tables", CHECK_FAIL,
            "Flush what is foreign there ('ip route show table 19798', '... 19799', also with -6).",
            "%u foreign routes are in mvpn's tables 19798 and 19799.", conflicts.n_routes);
    dump_links(&conflicts);
    if (conflicts.n_interfaces == 0)
        check_report(run, "interfaces", CHECK_PASS, NULL,
            "The tunnel's name %s is free or mvpn's; no other tunnel is there.",
            run->settings->policy.interface);
    check_sysctls(run);
}
