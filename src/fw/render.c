/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockdown as nftables text: one table, chains with policy drop, and a rule for each row of the table of exceptions. Pure: the same lockdown
 * gives the same bytes (tests/unit/fw-golden). Decides nothing: an empty list closes its row.
 *
 * What must stay as it is, and why:
 *  - Protocols as numbers, and no user or group: libnftables would ask NSS for their names, in the daemon's only thread.
 *  - Names of interfaces, never indices: a tunnel interface that is deleted and made again stays protected.
 *  - No "ct state established accept": a flow from before enabling would go on outside the tunnel. Its next segment is answered with a reset.
 *  - The gateway's packets come in by address and port alone: after a long sleep there is no conntrack entry, and the gateway speaks first.
 *  - DNS that is not ours is refused before the LAN is allowed, or a resolver in the LAN would learn every name.
 *  - Packets from our peers are marked in prerouting: with rp_filter 1 or 2 (and src_valid_mark) the kernel would else look for their way
 *    back in the unmarked table, find "unreachable" there and drop them.
 */
#include "fw/fw.h"
#include "fw/render.h"

#include <string.h>

/* ESP's number, and TCP's with UDP's; see above. */
#define IS_ESP        "meta l4proto 50"
#define IS_TCP_OR_UDP "meta l4proto { 6, 17 }"
#define IS_ICMP       "meta l4proto { 1, 58 }"
#define IS_TCP        "meta l4proto 6"

#define IS_OPENING     "tcp flags & (syn | rst) == syn"
#define CLAMP          "tcp option maxseg size set rt mtu"
#define NOT_AN_OPENING "tcp flags & (fin | syn | rst | ack) != syn"

bool fw_name_is_plain(const char *name)
{
    size_t length = strnlen(name, IF_NAME_SIZE);

    return length > 0 && length < IF_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@-") == length;
}

static bool has_plain_interface(const struct lockdown *lockdown)
{
    return fw_name_is_plain(lockdown->interface);
}

/*
 * The end of output. TCP is reset, whether it opens or goes on: an ICMP error meets a socket that connect() holds locked and counts only after
 * a second SYN a second later (measured), and never ends an old flow.
 */
static void render_refuse(struct strbuf *s)
{
    strbuf_add(s, "\tchain refuse {\n");
    strbuf_add(s, "\t\t" IS_TCP " counter reject with tcp reset comment \"also flows from before lockdown: they die at once\"\n");
    strbuf_add(s, "\t\tcounter reject with icmpx admin-prohibited comment \"a fast failure saves retries\"\n");
    strbuf_add(s, "\t}\n");
}

/* What the kernel itself says to a hotspot's client whose packet forward refused: only about a tracked flow, only to a private address. */
static void render_refusals(struct strbuf *s)
{
    strbuf_add(s, "\tchain refusals {\n");
    strbuf_add(s, "\t\tip daddr @local4 icmp type destination-unreachable icmp code admin-prohibited accept\n");
    strbuf_add(s, "\t\tip6 daddr @local6 icmpv6 type destination-unreachable icmpv6 code admin-prohibited accept\n");
    strbuf_add(s, "\t\tip daddr @local4 tcp flags & (fin | syn | rst) == rst accept\n");
    strbuf_add(s, "\t\tip6 daddr @local6 tcp flags & (fin | syn | rst) == rst accept\n");
    strbuf_add(s, "\t}\n");
}

static void render_prerouting(const struct lockdown *lockdown, struct strbuf *s)
{
    strbuf_add(s, "\tchain prerouting {\n");
    strbuf_add(s, "\t\ttype filter hook prerouting priority -150; policy accept;\n");
    strbuf_add(s, "\t\tiifname \"lo\" accept\n");
    if (has_plain_interface(lockdown))
        strbuf_add(s, "\t\tiifname \"%s\" accept comment \"inside the tunnel nobody is a peer\"\n", lockdown->interface);
    for (int family = 4; family <= 6; family += 2) {
        const char *ip = family == 4 ? "ip" : "ip6";
        uint32_t mark = lockdown->mark;

        strbuf_add(s, "\t\t%s saddr . udp sport @ike%d meta mark set 0x%08x comment \"passes rp_filter\"\n", ip, family, mark);
        strbuf_add(s, "\t\t%s saddr @gateways%d " IS_ESP " meta mark set 0x%08x\n", ip, family, mark);
        strbuf_add(s, "\t\t%s saddr @resolvers%d " IS_TCP_OR_UDP " th sport 53 meta mark set 0x%08x\n", ip, family, mark);
        strbuf_add(s, "\t\t%s saddr . tcp sport @fetches%d meta mark set 0x%08x\n", ip, family, mark);
        strbuf_add(s, "\t\t%s saddr . udp sport @probes%d meta mark set 0x%08x\n", ip, family, mark);
    }
    strbuf_add(s, "\t\ticmp type destination-unreachable icmp code frag-needed @th,192,32 @gateway_errors4 meta mark set 0x%08x\n",
        lockdown->mark);
    strbuf_add(s, "\t\ticmpv6 type packet-too-big @th,256,128 @gateway_errors6 meta mark set 0x%08x\n", lockdown->mark);
    strbuf_add(s, "\t}\n");
}

uint32_t fw_answer_mark(uint32_t mark)
{
    return mark == UINT32_MAX ? mark - 1 : mark + 1;
}

/* After the NAT has given them their destination back, before their way is chosen. */
static void render_answers(const struct lockdown *lockdown, struct strbuf *s)
{
    const uint32_t mark = fw_answer_mark(lockdown->mark);

    if (!has_plain_interface(lockdown))
        return;
    strbuf_add(s, "\tchain answers {\n");
    strbuf_add(s, "\t\ttype filter hook prerouting priority -90; policy accept;\n");
    strbuf_add(s, "\t\tiifname != @forward_to accept\n");
    strbuf_add(s, "\t\tip daddr @tunnel4 accept\n");
    strbuf_add(s, "\t\tip6 daddr @tunnel6 accept\n");
    strbuf_add(s, "\t\tct state established ct direction reply meta mark set 0x%08x comment \"layer 3 knows them by it\"\n", mark);
    strbuf_add(s, "\t\tct state related ct direction reply " IS_ICMP " meta mark set 0x%08x\n", mark);
    strbuf_add(s, "\t}\n");
}

static void render_peers_in(struct strbuf *s)
{
    for (int family = 4; family <= 6; family += 2) {
        const char *ip = family == 4 ? "ip" : "ip6";

        strbuf_add(s, "\t\t%s saddr . udp sport @ike%d accept comment \"gateway: it may speak first after a sleep\"\n", ip, family);
        strbuf_add(s, "\t\t%s saddr @gateways%d " IS_ESP " accept\n", ip, family);
        strbuf_add(s, "\t\t%s saddr @resolvers%d udp sport 53 accept comment \"answers about the gateway's name\"\n", ip, family);
        strbuf_add(s, "\t\t%s saddr @resolvers%d tcp sport 53 " NOT_AN_OPENING " accept\n", ip, family);
        strbuf_add(s, "\t\t%s saddr . tcp sport @fetches%d " NOT_AN_OPENING " accept comment \"CRL and OCSP\"\n", ip, family);
        strbuf_add(s, "\t\t%s saddr . udp sport @probes%d accept comment \"STUN: how long the NAT remembers\"\n", ip, family);
    }
    strbuf_add(s, "\t\ticmp type destination-unreachable icmp code frag-needed @th,192,32 @gateway_errors4 accept comment \"MTU of the outer path\"\n");
    strbuf_add(s, "\t\ticmpv6 type packet-too-big @th,256,128 @gateway_errors6 accept comment \"MTU of the outer path\"\n");
}

/* Only from a marked socket AND to a known address AND to a known port: any two of these alone let some program out. */
static void render_peers_out(uint32_t mark, struct strbuf *s)
{
    for (int family = 4; family <= 6; family += 2) {
        const char *ip = family == 4 ? "ip" : "ip6";

        strbuf_add(s, "\t\tmeta mark 0x%08x %s daddr . udp dport @ike%d accept comment \"gateway\"\n", mark, ip, family);
        strbuf_add(s, "\t\tmeta mark 0x%08x %s daddr @gateways%d " IS_ESP " accept\n", mark, ip, family);
        strbuf_add(s, "\t\tmeta mark 0x%08x %s daddr @resolvers%d " IS_TCP_OR_UDP " th dport 53 accept comment \"the gateway's name\"\n",
            mark, ip, family);
        strbuf_add(s, "\t\tmeta mark 0x%08x %s daddr . tcp dport @fetches%d accept comment \"CRL and OCSP\"\n", mark, ip, family);
        strbuf_add(s, "\t\tmeta mark 0x%08x %s daddr . udp dport @probes%d accept comment \"STUN\"\n", mark, ip, family);
    }
}

static void render_link_in(struct strbuf *s)
{
    strbuf_add(s, "\t\tudp sport 67 udp dport 68 accept comment \"DHCPv4\"\n");
    strbuf_add(s, "\t\tip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment \"DHCPv6\"\n");
    strbuf_add(s, "\t\tip6 hoplimit 255 icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept comment \"on link only\"\n");
    strbuf_add(s, "\t\tip6 hoplimit 1 icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept\n");
}

/* A lease's server is not known here: unicast renewal goes to private addresses, others are found again by broadcast (T2). */
static void render_link_out(struct strbuf *s)
{
    strbuf_add(s, "\t\tip daddr 255.255.255.255 udp sport 68 udp dport 67 accept comment \"DHCPv4\"\n");
    strbuf_add(s, "\t\tip daddr @local4 udp sport 68 udp dport 67 accept comment \"DHCPv4 renewal\"\n");
    strbuf_add(s, "\t\tip6 daddr { fe80::/10, ff02::1:2, ff05::1:3 } udp sport 546 udp dport 547 accept comment \"DHCPv6\"\n");
    strbuf_add(s, "\t\tip6 daddr { fe80::/10, ff02::/16 } ip6 hoplimit 255 icmpv6 type { nd-router-solicit, nd-router-advert } accept\n");
    strbuf_add(s, "\t\tip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept comment \"also to a router's global address\"\n");
    strbuf_add(s, "\t\tip6 daddr ff00::/8 ip6 hoplimit 1 icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept\n");
}

/* A phone whose only console is USB. Private addresses only: usb0 may also be a tethered way to the internet. */
static void render_usb_in(struct strbuf *s)
{
    strbuf_add(s, "\t\tiifname \"usb0\" ip saddr @local4 tcp dport 22 accept comment \"USB console\"\n");
    strbuf_add(s, "\t\tiifname \"usb0\" ip6 saddr @local6 tcp dport 22 accept\n");
    strbuf_add(s, "\t\tiifname \"usb0\" udp sport 68 udp dport 67 accept\n");
}

static void render_usb_out(struct strbuf *s)
{
    strbuf_add(s, "\t\toifname \"usb0\" ip daddr @local4 tcp sport 22 " NOT_AN_OPENING " accept comment \"USB console\"\n");
    strbuf_add(s, "\t\toifname \"usb0\" ip6 daddr @local6 tcp sport 22 " NOT_AN_OPENING " accept\n");
    strbuf_add(s, "\t\toifname \"usb0\" ip daddr 255.255.255.255 udp sport 67 udp dport 68 accept\n");
    strbuf_add(s, "\t\toifname \"usb0\" ip daddr @local4 udp sport 67 udp dport 68 accept\n");
}

/* direction: "iifname" or "oifname" */
static void render_cellular(const struct lockdown *lockdown, const char *direction, struct strbuf *s)
{
    for (uint32_t i = 0; i < lockdown->n_cellular_services; i++) {
        if (fw_name_is_plain(lockdown->cellular_services[i]))
            strbuf_add(s, "\t\t%s \"%s\" accept comment \"cellular service\"\n", direction, lockdown->cellular_services[i]);
    }
}

static void render_input(const struct lockdown *lockdown, struct strbuf *s)
{
    strbuf_add(s, "\tchain input {\n");
    strbuf_add(s, "\t\ttype filter hook input priority -10; policy drop;\n");
    strbuf_add(s, "\t\tiifname \"lo\" accept\n");
    if (has_plain_interface(lockdown))
        strbuf_add(s, "\t\tiifname \"%s\" accept\n", lockdown->interface);
    strbuf_add(s, "\t\tip daddr @tunnel4 counter drop comment \"CVE-2019-14899\"\n");
    strbuf_add(s, "\t\tip6 daddr @tunnel6 counter drop comment \"CVE-2019-14899\"\n");
    render_peers_in(s);
    render_link_in(s);
    render_cellular(lockdown, "iifname", s);
    if (lockdown->allow_usb)
        render_usb_in(s);
    strbuf_add(s, "\t\tip saddr @lan4 accept comment \"LAN\"\n");
    strbuf_add(s, "\t\tip6 saddr @lan6 accept comment \"LAN\"\n");
    strbuf_add(s, "\t\tcounter drop\n");
    strbuf_add(s, "\t}\n");
}

/* An old flow that the routes now send into the tunnel has an address that the gateway never gave: it is reset, too. */
static void render_tunnel_out(const struct lockdown *lockdown, struct strbuf *s)
{
    const char *name = lockdown->interface;

    if (!has_plain_interface(lockdown))
        return;
    strbuf_add(s, "\t\toifname \"%s\" ip saddr != @tunnel4 " NOT_AN_OPENING " goto refuse\n", name);
    strbuf_add(s, "\t\toifname \"%s\" ip6 saddr != @tunnel6 " NOT_AN_OPENING " goto refuse\n", name);
    strbuf_add(s, "\t\toifname \"%s\" accept\n", name);
}

static void render_output(const struct lockdown *lockdown, struct strbuf *s)
{
    strbuf_add(s, "\tchain output {\n");
    strbuf_add(s, "\t\ttype filter hook output priority -10; policy drop;\n");
    strbuf_add(s, "\t\toifname \"lo\" accept\n");
    render_tunnel_out(lockdown, s);
    render_peers_out(lockdown->mark, s);
    render_cellular(lockdown, "oifname", s);
    strbuf_add(s, "\t\t" IS_TCP_OR_UDP " th dport { 53, 853 } goto refuse comment \"names are asked for in the tunnel\"\n");
    render_link_out(s);
    if (lockdown->allow_usb)
        render_usb_out(s);
    strbuf_add(s, "\t\tip daddr @lan4 accept comment \"LAN\"\n");
    strbuf_add(s, "\t\tip6 daddr @lan6 accept comment \"LAN\"\n");
    strbuf_add(s, "\t\tct state related jump refusals\n");
    strbuf_add(s, "\t\tgoto refuse\n");
    strbuf_add(s, "\t}\n");
}

/*
 * No NAT of ours for a hotspot's clients: which interface is a hotspot nobody here knows, and a stranger in the base link's subnet would be let
 * into the tunnel by it. The hotspot's own program hides its clients behind whatever interface they leave by; where it does not, the data path
 * drops them. For the same reason nobody may use the tunnel's addresses but the handset.
 * What comes out of the tunnel is forwarded while the tunnel is up alone, and never when it is for the tunnel's addresses: an SA that is there
 * before its address is on the interface brings the handset's own answers, and the base link's default route would take them on in clear.
 */
static void render_forward(const struct lockdown *lockdown, struct strbuf *s)
{
    const char *name = lockdown->interface;

    strbuf_add(s, "\tchain forward {\n");
    strbuf_add(s, "\t\ttype filter hook forward priority -10; policy drop;\n");
    if (has_plain_interface(lockdown)) {
        strbuf_add(s, "\t\tip saddr @tunnel4 counter drop comment \"ours alone\"\n");
        strbuf_add(s, "\t\tip6 saddr @tunnel6 counter drop comment \"ours alone\"\n");
        strbuf_add(s, "\t\tip daddr @tunnel4 counter drop comment \"ours, and not on the interface yet\"\n");
        strbuf_add(s, "\t\tip6 daddr @tunnel6 counter drop comment \"ours, and not on the interface yet\"\n");
        strbuf_add(s, "\t\tiifname \"%s\" " IS_OPENING " " CLAMP "\n", name);
        strbuf_add(s, "\t\toifname @forward_to " IS_OPENING " " CLAMP " comment \"no error about size would find its client\"\n");
        strbuf_add(s, "\t\tiifname != \"%s\" oifname @forward_to accept comment \"a hotspot's clients: the tunnel or nowhere\"\n", name);
        strbuf_add(s, "\t\tiifname @forward_to oifname != \"%s\" ct state established ct direction reply accept\n", name);
        strbuf_add(s, "\t\tiifname @forward_to oifname != \"%s\" ct state related ct direction reply " IS_ICMP " accept comment \"errors about those flows\"\n",
            name);
        strbuf_add(s, "\t\tiifname \"%s\" counter drop comment \"too early for our address: no refusal that would end a flow\"\n", name);
    }
    strbuf_add(s, "\t\t" NOT_AN_OPENING " counter reject with tcp reset comment \"flows from before lockdown die at once\"\n");
    strbuf_add(s, "\t\tcounter reject with icmpx admin-prohibited\n");
    strbuf_add(s, "\t}\n");
}

void fw_render(const struct lockdown *lockdown, struct strbuf *ret)
{
    /* nft 1.0.6 has no "destroy": adding first makes the deletion succeed in any case, and all of it is one transaction. */
    strbuf_add(ret, "add table inet mvpn\ndelete table inet mvpn\n");
    if (!lockdown->active)
        return;
    strbuf_add(ret, "table inet mvpn {\n");
    fw_render_sets(lockdown, ret);
    render_refuse(ret);
    render_refusals(ret);
    render_prerouting(lockdown, ret);
    render_answers(lockdown, ret);
    render_input(lockdown, ret);
    render_output(lockdown, ret);
    render_forward(lockdown, ret);
    strbuf_add(ret, "}\n");
}

bool fw_same_shape(const struct lockdown *a, const struct lockdown *b)
{
    if (!a->active || !b->active || a->mark != b->mark || a->allow_usb != b->allow_usb ||
        strncmp(a->interface, b->interface, IF_NAME_SIZE) != 0 || a->n_cellular_services != b->n_cellular_services || a->n_lan != b->n_lan)
        return false;
    for (uint32_t i = 0; i < a->n_lan; i++) {
        if (!ip_prefix_equal(&a->lan[i], &b->lan[i]))
            return false;
    }
    for (uint32_t i = 0; i < a->n_cellular_services; i++) {
        if (strncmp(a->cellular_services[i], b->cellular_services[i], IF_NAME_SIZE) != 0)
            return false;
    }
    return true;
}
