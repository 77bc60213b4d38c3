/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules, in the order in which a packet meets them:
 *   5100 marked: the base link's table       5101 marked: unreachable
 *   5110 DHCP: main                          5115 from the tunnel: main, no default
 *   5120 to a permitted LAN prefix: main     5130 by a socket that is bound to a cellular service's interface: main
 *   5200 the tunnel's table                  5201 unreachable (IPv6 only)
 * 5201 is more than killswitch.md asks for: table 19798 ends with an unreachable default, but the kernel drops IPv6 unreachable routes when
 * `lo` goes down; a rule survives that. IPv4 must not have it: whoever adds a route by a gateway to the main table (DHCP clients,
 * NetworkManager) has the gateway looked up by these rules, at scope link, where the unreachable default does not count but a rule does; then
 * every base link would come up without its default route.
 * 5115 is for answers to a hotspot's clients, which NAT has just given their destination back. Packets to our own addresses never come so far
 * (the local table is first), and of the others the firewall forwards answers alone. So the reverse-path check of a client's packet finds
 * its interface, too. No default route counts there: an answer that comes before our address is (again) on the interface would leave in clear.
 * Interfaces stand in rules by name: one that does not exist yet, or is made again, needs nothing done.
 * A rule is ours by priority together with our protocol number or one of our tables. What is left over is deleted by sending the dumped
 * message back, so that nothing but that very rule can match.
 */
#include "net/rules.h"
#include "net/queue.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "net/routemsg.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#define PRIORITY_MARK      5100
#define PRIORITY_MARK_STOP 5101
#define PRIORITY_DHCP      5110
#define PRIORITY_FORWARD   5115
#define PRIORITY_LAN       5120
#define PRIORITY_SERVICE   5130
#define PRIORITY_TUNNEL    5200
#define PRIORITY_STOP      5201
#define RULES_MAX          (7 + ROUTING_LAN_MAX + POLICY_NAMES_MAX)
#define ATTRS_MAX          FRA_DPORT_RANGE

/* Linux 6.15's, which its dumps show beside every port; older headers lack them. */
#define ATTR_SPORT_MASK 28
#define ATTR_DPORT_MASK 29

struct rule {
    uint8_t family;
    uint8_t action;      /* FR_ACT_TO_TBL, FR_ACT_UNREACHABLE */
    uint8_t protocol;    /* who made it */
    uint8_t ip_protocol; /* 0: any */
    uint32_t priority;
    uint32_t table;
    uint32_t mark, mask;                    /* mask 0: any */
    uint16_t source_port, destination_port; /* 0: any */
    struct ip_prefix to;                    /* length 0: anywhere */
    char from_link[IF_NAME_SIZE];           /* "": any */
    char bound_to[IF_NAME_SIZE];            /* the interface that the socket is bound to; "": any */
    bool no_default;                        /* default routes of the table do not count */
    bool odd;                               /* it has a condition that none of ours has */
};

struct rule_list {
    unsigned n;
    struct rule items[RULES_MAX];
};

/* Wanted rules of one family against the kernel's. */
struct rule_diff {
    uint8_t family;
    const struct rule_list *wanted;
    bool found[RULES_MAX];
    struct channel_queue surplus; /* requests that delete */
};

static struct rule *add(
    struct rule_list *list, uint8_t family, uint32_t priority, uint8_t action, uint32_t table)
{
    struct rule *rule = &list->items[list->n++];

    memset(rule, 0, sizeof(*rule));
    rule->family = family;
    rule->priority = priority;
    rule->action = action;
    rule->table = table;
    rule->protocol = MVPN_PROTOCOL;
    return rule;
}

static struct rule *add_main(struct rule_list *list, uint8_t family, uint32_t priority)
{
    return add(list, family, priority, FR_ACT_TO_TBL, RT_TABLE_MAIN);
}

/* What layer 1 lets through beside our own packets needs a way. */
static void add_openings(const struct routing *routing, uint8_t family, struct rule_list *ret)
{
    struct rule *rule;

    rule = add_main(ret, family, PRIORITY_DHCP);
    rule->ip_protocol = IPPROTO_UDP;
    rule->source_port = family == 4 ? 68 : 546;
    rule->destination_port = family == 4 ? 67 : 547;
    if (routing->interface[0]) {
        rule = add_main(ret, family, PRIORITY_FORWARD);
        memcpy(rule->from_link, routing->interface, IF_NAME_SIZE);
        /* a hotspot's client is on a link of ours; what came for an address that is not there (yet) must not go on to the internet */
        rule->no_default = true;
    }
    for (uint32_t i = 0; i < routing->n_lan; i++) {
        if (routing->lan[i].addr.family != family || routing->lan[i].length == 0)
            continue; /* a LAN is never everywhere */
        rule = add_main(ret, family, PRIORITY_LAN);
        rule->to = routing->lan[i];
    }
    if (routing->usb[0] && family == 6) {
        rule = add_main(ret, family, PRIORITY_LAN);
        rule->to = (struct ip_prefix){ { 6, { 0xfe, 0x80 } }, 10 };
        memcpy(rule->bound_to, routing->usb, IF_NAME_SIZE);
    }
    for (uint32_t i = 0; i < routing->n_services; i++) {
        rule = add_main(ret, family, PRIORITY_SERVICE);
        memcpy(rule->bound_to, routing->services[i], IF_NAME_SIZE);
    }
}

/* In the order of adding: first what closes, then what opens. */
static void compute(const struct routing *routing, uint8_t family, struct rule_list *ret)
{
    struct rule *rule;

    memset(ret, 0, sizeof(*ret));
    if (family == 6)
        add(ret, family, PRIORITY_STOP, FR_ACT_UNREACHABLE, 0);
    add(ret, family, PRIORITY_TUNNEL, FR_ACT_TO_TBL, TABLE_TUNNEL);
    rule = add(ret, family, PRIORITY_MARK_STOP, FR_ACT_UNREACHABLE, 0);
    rule->mark = routing->mark;
    rule->mask = UINT32_MAX;
    rule = add(ret, family, PRIORITY_MARK, FR_ACT_TO_TBL, TABLE_BASE);
    rule->mark = routing->mark;
    rule->mask = UINT32_MAX;
    add_openings(routing, family, ret);
}

static uint16_t single_port(const struct nlattr *attr, bool *odd)
{
    const struct fib_rule_port_range *range = nla_data(attr);

    if (nla_len(attr) < (int)sizeof(*range) || range->start != range->end) {
        *odd = true;
        return 0;
    }
    return range->start;
}

/* Attributes that say nothing (padding, suppressors that suppress nothing), or that parse() reads. */
static bool is_plain_attr(const struct nlattr *attr)
{
    switch (nla_type(attr)) {
    case FRA_DST:
    case FRA_IIFNAME:
    case FRA_OIFNAME:
    case FRA_PRIORITY:
    case FRA_FWMARK:
    case FRA_FWMASK:
    case FRA_TABLE:
    case FRA_PROTOCOL:
    case FRA_IP_PROTO:
    case FRA_SPORT_RANGE:
    case FRA_DPORT_RANGE:
    case FRA_PAD:
    case FRA_UNSPEC:
        return true;
    case FRA_SUPPRESS_PREFIXLEN:
        return nla_get_u32(attr) == UINT32_MAX || nla_get_u32(attr) == 0;
    case FRA_SUPPRESS_IFGROUP:
        return nla_get_u32(attr) == UINT32_MAX;
    case FRA_L3MDEV:
        return nla_get_u8(attr) == 0;
    case ATTR_SPORT_MASK:
    case ATTR_DPORT_MASK:
        return nla_len(attr) >= (int)sizeof(uint16_t) && nla_get_u16(attr) == UINT16_MAX;
    default:
        return false;
    }
}

static bool has_odd_attr(const struct nlmsghdr *header)
{
    const struct nlattr *attr = nlmsg_attrdata(header, sizeof(struct fib_rule_hdr));
    int left = nlmsg_attrlen(header, sizeof(struct fib_rule_hdr));

    for (; nla_ok(attr, left); attr = nla_next(attr, &left))
        if (!is_plain_attr(attr))
            return true;
    return false;
}

static uint32_t u32_or_zero(const struct nlattr *attr)
{
    return attr && nla_len(attr) >= (int)sizeof(uint32_t) ? nla_get_u32(attr) : 0;
}

static uint8_t u8_or_zero(const struct nlattr *attr)
{
    return attr && nla_len(attr) >= 1 ? nla_get_u8(attr) : 0;
}

/* Zeroed behind its end: rules are compared as bytes. */
static void read_name(const struct nlattr *attr, char *ret)
{
    if (attr)
        memcpy(ret, nla_data(attr), strnlen(nla_data(attr), MIN_OF((size_t)nla_len(attr), (size_t)IF_NAME_SIZE - 1)));
}

static int parse(const struct nlmsghdr *header, struct rule *ret)
{
    struct nlattr *attrs[ATTRS_MAX + 1];
    const struct fib_rule_hdr *frh;

    if (!nlmsg_valid_hdr(header, sizeof(*frh)) ||
        nlmsg_parse((struct nlmsghdr *)header, sizeof(*frh), attrs, ATTRS_MAX, NULL) < 0)
        return -EBADMSG;
    frh = nlmsg_data(header);
    memset(ret, 0, sizeof(*ret));
    ret->family = family_from_af(frh->family);
    ret->action = frh->action;
    ret->odd = (frh->flags & FIB_RULE_INVERT) || frh->src_len || frh->tos || has_odd_attr(header);
    ret->priority = u32_or_zero(attrs[FRA_PRIORITY]);
    ret->table =
        frh->action == FR_ACT_TO_TBL ? attrs[FRA_TABLE] ? u32_or_zero(attrs[FRA_TABLE]) : frh->table : 0;
    ret->mark = u32_or_zero(attrs[FRA_FWMARK]);
    ret->mask = u32_or_zero(attrs[FRA_FWMASK]);
    ret->protocol = u8_or_zero(attrs[FRA_PROTOCOL]);
    ret->ip_protocol = u8_or_zero(attrs[FRA_IP_PROTO]);
    if (attrs[FRA_SPORT_RANGE])
        ret->source_port = single_port(attrs[FRA_SPORT_RANGE], &ret->odd);
    if (attrs[FRA_DPORT_RANGE])
        ret->destination_port = single_port(attrs[FRA_DPORT_RANGE], &ret->odd);
    if (frh->dst_len) {
        struct ip_addr addr = attr_addr(ret->family, attrs[FRA_DST]);
        ret->to = ip_prefix_of(&addr, frh->dst_len);
    }
    ret->no_default = attrs[FRA_SUPPRESS_PREFIXLEN] && nla_get_u32(attrs[FRA_SUPPRESS_PREFIXLEN]) == 0;
    read_name(attrs[FRA_IIFNAME], ret->from_link);
    read_name(attrs[FRA_OIFNAME], ret->bound_to);
    return 0;
}

static bool is_ours(const struct rule *rule)
{
    return rule->family && rule->priority >= PRIORITY_MARK && rule->priority <= PRIORITY_STOP &&
           (rule->protocol == MVPN_PROTOCOL || rule->table == TABLE_TUNNEL || rule->table == TABLE_BASE);
}

bool rules_concerned(const struct nlmsghdr *header)
{
    struct rule rule;

    return parse(header, &rule) == 0 && is_ours(&rule);
}

static struct nl_msg *message_for(const struct rule *rule)
{
    struct fib_rule_hdr frh = {
        .family = (uint8_t)family_to_af(rule->family),
        .action = rule->action,
        .dst_len = rule->to.length,
    };
    struct fib_rule_port_range from = { rule->source_port, rule->source_port };
    struct fib_rule_port_range to = { rule->destination_port, rule->destination_port };
    _cleanup_msg_ struct nl_msg *msg =
        channel_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &frh, sizeof(frh));

    if (!msg || nla_put_u32(msg, FRA_PRIORITY, rule->priority) < 0 ||
        nla_put_u8(msg, FRA_PROTOCOL, rule->protocol) < 0)
        return NULL;
    if (rule->table && nla_put_u32(msg, FRA_TABLE, rule->table) < 0)
        return NULL;
    if (rule->mask &&
        (nla_put_u32(msg, FRA_FWMARK, rule->mark) < 0 || nla_put_u32(msg, FRA_FWMASK, rule->mask) < 0))
        return NULL;
    if (rule->ip_protocol && nla_put_u8(msg, FRA_IP_PROTO, rule->ip_protocol) < 0)
        return NULL;
    if (rule->source_port && nla_put(msg, FRA_SPORT_RANGE, sizeof(from), &from) < 0)
        return NULL;
    if (rule->destination_port && nla_put(msg, FRA_DPORT_RANGE, sizeof(to), &to) < 0)
        return NULL;
    if (rule->to.length && put_addr(msg, FRA_DST, &rule->to.addr) < 0)
        return NULL;
    if (rule->no_default && nla_put_u32(msg, FRA_SUPPRESS_PREFIXLEN, 0) < 0)
        return NULL;
    if (rule->from_link[0] && nla_put_string(msg, FRA_IIFNAME, rule->from_link) < 0)
        return NULL;
    if (rule->bound_to[0] && nla_put_string(msg, FRA_OIFNAME, rule->bound_to) < 0)
        return NULL;
    return steal_ptr(&msg);
}

static int compare_one(const struct nlmsghdr *header, void *userdata)
{
    struct rule_diff *diff = userdata;
    struct rule rule;

    if (header->nlmsg_type != RTM_NEWRULE || parse(header, &rule) < 0 || rule.family != diff->family ||
        !is_ours(&rule))
        return 0;
    for (unsigned i = 0; i < diff->wanted->n; i++) {
        if (!diff->found[i] && memcmp(&diff->wanted->items[i], &rule, sizeof(rule)) == 0) {
            diff->found[i] = true;
            return 0;
        }
    }
    return channel_queue_echo(&diff->surplus, RTM_DELRULE, header);
}

static void forget(struct rule_diff *diff)
{
    channel_queue_clear(&diff->surplus);
    memset(diff->found, 0, sizeof(diff->found));
}

/* An interrupted dump is read again: somebody changes rules at this moment. */
static int compare(struct channel *channel, struct rule_diff *diff)
{
    struct fib_rule_hdr frh = { .family = (uint8_t)family_to_af(diff->family) };
    struct channel_sink sink = { compare_one, diff };
    int r = -EAGAIN;

    for (unsigned tries = 0; r == -EAGAIN && tries < 5; tries++) {
        forget(diff);
        r = channel_call(channel, channel_message(RTM_GETRULE, NLM_F_DUMP, &frh, sizeof(frh)), &sink);
    }
    return r == -EAGAIN ? 0 : r;
}

static int apply_family(struct channel *channel, const struct rule_list *wanted, uint8_t family)
{
    struct rule_diff diff = { .family = family, .wanted = wanted };
    int r, result = compare(channel, &diff);

    /* Without knowing what is there everything is tried: an existing rule answers EEXIST. */
    for (unsigned i = 0; i < wanted->n; i++) {
        if (diff.found[i])
            continue;
        r = channel_call(channel, message_for(&wanted->items[i]), NULL);
        if (r < 0 && r != -EEXIST && result == 0)
            result = r;
    }
    for (unsigned i = 0; i < diff.surplus.n_msgs; i++) {
        r = channel_call(channel, channel_queue_take(&diff.surplus, i), NULL);
        if (r < 0 && r != -ENOENT && result == 0)
            result = r;
    }
    forget(&diff);
    return result;
}

int rules_apply(struct channel *channel, const struct routing *routing, bool ipv6)
{
    struct rule_list wanted;
    int r, result;

    compute(routing, 4, &wanted);
    result = apply_family(channel, &wanted, 4);
    if (!ipv6)
        return result;
    compute(routing, 6, &wanted);
    r = apply_family(channel, &wanted, 6);
    return result < 0 ? result : r;
}

int rules_remove(struct channel *channel, bool ipv6)
{
    static const struct rule_list none;
    int result = apply_family(channel, &none, 4);
    int r = ipv6 ? apply_family(channel, &none, 6) : 0;

    return result < 0 ? result : r;
}

static int family_present(struct channel *channel, const struct routing *routing, uint8_t family)
{
    struct rule_list wanted;
    struct rule_diff diff = { .family = family, .wanted = &wanted };
    int r;

    compute(routing, family, &wanted);
    r = compare(channel, &diff);
    if (r == 0) {
        r = 1;
        for (unsigned i = 0; i < wanted.n; i++)
            r &= diff.found[i];
    }
    forget(&diff);
    return r;
}

int rules_present(struct channel *channel, const struct routing *routing, bool ipv6)
{
    int r = family_present(channel, routing, 4);

    return r == 1 && ipv6 ? family_present(channel, routing, 6) : r;
}
