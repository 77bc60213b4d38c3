/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other firewalls in the kernel: whose nftables chains may drop what mvpn lets through, and what goes past our chains. A foreign chain cannot
 * open what ours drops: a packet must survive all of them.
 */
#include "ctl/check_netlink.h"
#include "ctl/check_room.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#define OUR_TABLE  "mvpn"
#define OWNERS_MAX 12

struct firewalls {
    const struct check_run *run;
    unsigned n_dropping, n_flowtables;
    unsigned n_owners;
    const char *owners[OWNERS_MAX]; /* programs recognised by the names of their chains */
};

/* What the beginning of a table's or chain's name says of its program. */
static const struct {
    const char *prefix, *owner;
} owners[] = {
    { "firewalld", "firewalld" },
    { "ufw-", "ufw" },
    { "ufw6-", "ufw" },
    { "DOCKER", "Docker" },
    { "LIBVIRT_", "libvirt" },
    { "ts-", "Tailscale" },
    { "mullvad", "Mullvad" },
    { "wg-quick", "wg-quick" },
    { "nm-", "NetworkManager" },
    { "NETAVARK", "Podman" },
    { "CNI-", "CNI containers" },
    { "KUBE-", "Kubernetes" },
    { "f2b-", "fail2ban" },
    { "waydroid", "Waydroid" },
    { "lxc", "LXC" },
    { "incus", "Incus" },
};

static void remember_owner(struct firewalls *firewalls, const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(owners); i++) {
        bool known = false;

        if (strncmp(name, owners[i].prefix, strlen(owners[i].prefix)) != 0)
            continue;
        for (unsigned k = 0; k < firewalls->n_owners; k++)
            known |= strcmp(firewalls->owners[k], owners[i].owner) == 0;
        if (!known && firewalls->n_owners < OWNERS_MAX)
            firewalls->owners[firewalls->n_owners++] = owners[i].owner;
    }
}

static const char *hook_name(uint32_t hook)
{
    static const char *const names[] = { [NF_INET_PRE_ROUTING] = "prerouting",
        [NF_INET_LOCAL_IN] = "input",
        [NF_INET_FORWARD] = "forward",
        [NF_INET_LOCAL_OUT] = "output",
        [NF_INET_POST_ROUTING] = "postrouting" };

    return hook < ELEMENTSOF(names) ? names[hook] : "unknown";
}

static const char *family_name(uint8_t family)
{
    return family == NFPROTO_INET   ? "inet"
           : family == NFPROTO_IPV4 ? "ip"
           : family == NFPROTO_IPV6 ? "ip6"
                                    : NULL;
}

/* A base chain that drops what no rule of its own accepts, where the tunnel's packets pass. */
static void judge_base_chain(struct firewalls *firewalls, uint8_t family, const char *table,
    const char *chain, const struct check_attrs *attrs)
{
    struct check_attrs hook_attrs;
    const struct rtattr *hook = attrs->at[NFTA_CHAIN_HOOK];
    uint32_t number;

    check_attrs_parse(RTA_DATA(hook), RTA_PAYLOAD(hook), &hook_attrs);
    number = ntohl(check_attr_u32(hook_attrs.at[NFTA_HOOK_HOOKNUM], htonl(NF_INET_NUMHOOKS)));
    if (!family_name(family) ||
        ntohl(check_attr_u32(attrs->at[NFTA_CHAIN_POLICY], htonl(NF_ACCEPT))) != NF_DROP ||
        number == NF_INET_FORWARD)
        return;
    firewalls->n_dropping++;
    check_report(firewalls->run, "other-firewall", CHECK_WARN,
        "Let it accept UDP 500 and 4500 of the gateway and everything on the tunnel's interface (mvpn0).",
        "The nftables chain %s %s %s (hook %s, priority %d) drops what it does not know, and may block the "
        "tunnel.",
        family_name(family), table, chain, hook_name(number),
        (int)ntohl(check_attr_u32(hook_attrs.at[NFTA_HOOK_PRIORITY], 0)));
}

static void on_chain(const struct nlmsghdr *message, void *userdata)
{
    struct firewalls *firewalls = userdata;
    const struct nfgenmsg *head = NLMSG_DATA(message);
    struct check_attrs attrs;
    const char *table, *chain;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*head)))
        return;
    check_attrs_parse((const char *)head + NLMSG_ALIGN(sizeof(*head)),
        message->nlmsg_len - NLMSG_LENGTH(sizeof(*head)), &attrs);
    table = check_attr_text(attrs.at[NFTA_CHAIN_TABLE]);
    chain = check_attr_text(attrs.at[NFTA_CHAIN_NAME]);
    if (head->nfgen_family == NFPROTO_INET && strcmp(table, OUR_TABLE) == 0)
        return;
    remember_owner(firewalls, table);
    remember_owner(firewalls, chain);
    if (attrs.at[NFTA_CHAIN_HOOK])
        judge_base_chain(firewalls, head->nfgen_family, table, chain, &attrs);
}

static void on_flowtable(const struct nlmsghdr *message, void *userdata)
{
    struct firewalls *firewalls = userdata;

    if (NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWFLOWTABLE)
        firewalls->n_flowtables++;
}

static int dump(uint16_t type, check_netlink_visit visit, struct firewalls *firewalls)
{
    struct {
        struct nlmsghdr header;
        struct nfgenmsg head;
    } request = {
        .header = { .nlmsg_len = sizeof(request),
            .nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type) },
        .head = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 },
    };

    return check_netlink_dump(NETLINK_NETFILTER, &request.header, visit, firewalls);
}

static void report_owners(const struct firewalls *firewalls)
{
    char names[256] = "";
    size_t length = 0;

    for (unsigned i = 0; i < firewalls->n_owners && length < sizeof(names); i++)
        length += (size_t)snprintf(
            names + length, sizeof(names) - length, "%s%s", i ? ", " : "", firewalls->owners[i]);
    if (firewalls->n_owners > 0)
        check_report(firewalls->run, "other-firewall", CHECK_PASS, NULL,
            "Others have firewall rules, too (%s); they cannot open what mvpn closes.", names);
    else if (firewalls->n_dropping == 0)
        check_report(
            firewalls->run, "other-firewall", CHECK_PASS, NULL, "No other firewall stands in the way.");
}

void check_firewalls(struct check_run *run)
{
    struct firewalls firewalls = { .run = run };
    char legacy[256];
    int r = dump(NFT_MSG_GETCHAIN, on_chain, &firewalls);

    if (r == -EPERM) {
        check_report(run, "other-firewall", CHECK_WARN, "Run 'mvpnctl check' as root.",
            "Not looked at: this needs root.");
        return;
    }
    if (r == 0)
        report_owners(&firewalls);
    dump(NFT_MSG_GETFLOWTABLE, on_flowtable, &firewalls);
    if (firewalls.n_flowtables > 0)
        check_report(run, "flow-offload", CHECK_FAIL,
            "Remove the flowtable, or do not let other devices go out through this one.",
            "There is an nftables flowtable: forwarded connections that it has taken over pass no firewall "
            "any more, lockdown included.");
    check_read(run, "/proc/net/ip_tables_names", legacy, sizeof(legacy));
    if (strstr(legacy, "filter"))
        check_report(run, "other-firewall", CHECK_WARN,
            "See 'iptables-legacy -S'; let it accept UDP 500 and 4500 and everything on the tunnel's "
            "interface.",
            "The old iptables has a filter table, which mvpn cannot look into.");
}
