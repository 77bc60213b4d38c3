/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message matters: RTM_NEWNEIGH with the state NUD_FAILED, which the kernel sends when nobody answered its ARP requests or neighbour
 * solicitations. (RTM_DELNEIGH does not: entries are deleted because nobody uses them, or together with their link, of which watch.c hears.)
 * Of a router whose link-layer address is wanted, the first message that has one matters, too.
 * The filter is made anew from the present routers; what it has let in is compared once more, for it may have come before the last change.
 */
#include "net/neighbours.h"

#include "base/macro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_BYTES (64 * 1024)
#define NDMSG_AT      NLMSG_HDRLEN
#define ATTRS_AT      (NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ndmsg)))
#define HEAD_MAX      10 /* instructions */
#define ONE_MAX       15 /* ... per neighbour: state, interface, family, four words of address, the verdict */
#define PROGRAM_MAX   (HEAD_MAX + ROUTING_OUTER_MAX * ONE_MAX + 1)
#define ACCEPT        UINT32_MAX /* the whole message */
#define REJECT        0
#define NUD_HAS_ADDR  (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

_Static_assert(ROUTING_OUTER_MAX <= 32, "lost has a bit for each");
_Static_assert(PROGRAM_MAX <= BPF_MAXINSNS, "the kernel takes no longer program");

struct program {
    unsigned short n;
    struct sock_filter code[PROGRAM_MAX];
};

static void add(struct program *program, uint16_t code, uint32_t k)
{
    program->code[program->n++] = (struct sock_filter){ .code = code, .k = k };
}

/* Goes on with the next instruction where what was loaded is this, else with the one at `otherwise`. */
static void require(struct program *program, uint32_t value, unsigned otherwise)
{
    uint8_t distance = (uint8_t)(otherwise - program->n - 1u);

    program->code[program->n++] =
        (struct sock_filter){ .code = BPF_JMP | BPF_JEQ | BPF_K, .jf = distance, .k = value };
}

/* The same for any of these bits. */
static void require_any(struct program *program, uint32_t bits, unsigned otherwise)
{
    require(program, bits, otherwise);
    program->code[program->n - 1].code = BPF_JMP | BPF_JSET | BPF_K;
}

/* Loads read big-endian numbers, netlink's are in the machine's order. */
static void require_half(struct program *program, uint32_t at, uint16_t value)
{
    add(program, BPF_LD | BPF_H | BPF_ABS, at);
    program->code[program->n++] =
        (struct sock_filter){ .code = BPF_JMP | BPF_JEQ | BPF_K, .jt = 1, .k = htons(value) };
    add(program, BPF_RET | BPF_K, REJECT);
}

/* Judges the message, and leaves in X where its address stands (0 where it has none, which on_neighbour() sees). */
static void add_head(struct program *program)
{
    require_half(program, offsetof(struct nlmsghdr, nlmsg_type), RTM_NEWNEIGH);
    add(program, BPF_LD | BPF_IMM, ATTRS_AT);
    add(program, BPF_LDX | BPF_IMM, NDA_DST);
    add(program, BPF_LD | BPF_W | BPF_ABS,
        (uint32_t)SKF_AD_OFF + SKF_AD_NLATTR); /* seeks attribute X from A on */
    add(program, BPF_MISC | BPF_TAX, 0);
}

static void add_neighbour(struct program *program, const struct neighbour *neighbour, bool wanted)
{
    unsigned n_words = (unsigned)ip_addr_size(neighbour->addr.family) / 4;
    unsigned end = program->n + 2 + 2 + 2 + 2 * n_words + 1;

    add(program, BPF_LD | BPF_H | BPF_ABS, NDMSG_AT + offsetof(struct ndmsg, ndm_state));
    require_any(program, htons(wanted ? NUD_FAILED | NUD_HAS_ADDR : NUD_FAILED), end);
    add(program, BPF_LD | BPF_W | BPF_ABS, NDMSG_AT + offsetof(struct ndmsg, ndm_ifindex));
    require(program, htonl((uint32_t)neighbour->ifindex), end);
    add(program, BPF_LD | BPF_B | BPF_ABS, NDMSG_AT + offsetof(struct ndmsg, ndm_family));
    require(program, neighbour->addr.family == 4 ? AF_INET : AF_INET6, end);
    for (unsigned i = 0; i < n_words; i++) {
        uint32_t word;
        memcpy(&word, neighbour->addr.bytes + 4 * i, sizeof(word));
        add(program, BPF_LD | BPF_W | BPF_IND, NLA_HDRLEN + 4 * i);
        require(program, ntohl(word), end);
    }
    add(program, BPF_RET | BPF_K, ACCEPT);
}

/* Only these get in; of none nothing does. */
static int admit(struct neighbours *neighbours, const struct neighbour *watched, uint32_t n_watched, uint32_t wanted)
{
    struct program program = { 0 };

    if (n_watched > 0)
        add_head(&program);
    for (uint32_t i = 0; i < n_watched; i++)
        add_neighbour(&program, &watched[i], wanted & 1u << i);
    add(&program, BPF_RET | BPF_K, REJECT);
    return channel_filter(&neighbours->events, program.code, program.n);
}

int neighbours_open(struct neighbours *ret)
{
    int r;

    *ret = (struct neighbours){ 0 };
    r = channel_open_events(&ret->events, NULL, 0, RECEIVE_BYTES);
    if (r < 0)
        return r;
    /* Without the filter not the group either: dead paths are then found by traffic alone, and nothing wakes an idle handset. */
    if (admit(ret, NULL, 0, 0) == 0)
        (void)channel_join(&ret->events, RTNLGRP_NEIGH);
    return 0;
}

void neighbours_close(struct neighbours *neighbours)
{
    channel_close(&neighbours->events);
}

static int find(const struct neighbour *watched, uint32_t n_watched, int ifindex, const struct ip_addr *addr)
{
    for (uint32_t i = 0; i < n_watched; i++)
        if (watched[i].ifindex == ifindex && ip_addr_equal(&watched[i].addr, addr))
            return (int)i;
    return -ENOENT;
}

static bool same(const struct neighbour *watched, uint32_t n_watched, const struct neighbours *neighbours)
{
    for (uint32_t i = 0; i < n_watched; i++)
        if (find(neighbours->watched, neighbours->n_watched, watched[i].ifindex, &watched[i].addr) < 0)
            return false;
    return n_watched == neighbours->n_watched;
}

int neighbours_follow(struct neighbours *neighbours, const struct routing *routing)
{
    struct neighbour watched[ROUTING_OUTER_MAX] = { 0 };
    uint32_t n_watched = 0, routers = 0;
    int r;

    for (uint32_t i = 0; routing->active && i < routing->n_outer; i++) {
        const struct ip_addr *hop = routing_next_hop(&routing->outer[i]);
        int at = hop->family ? find(watched, n_watched, routing->outer[i].ifindex, hop) : -EINVAL;
        if (at == -ENOENT) {
            at = (int)n_watched++;
            watched[at] = (struct neighbour){ .ifindex = routing->outer[i].ifindex, .addr = *hop };
        }
        if (at >= 0 && routing->outer[i].via.family)
            routers |= 1u << at;
    }
    if (same(watched, n_watched, neighbours) && routers == neighbours->routers)
        return 0;
    r = admit(neighbours, watched, n_watched, 0);
    if (r < 0)
        return r;
    memcpy(neighbours->watched, watched, sizeof(watched));
    neighbours->n_watched = n_watched;
    neighbours->routers = routers;
    neighbours->lost = neighbours->wanted = neighbours->learned = 0;
    return 0;
}

static void learn(struct neighbours *neighbours, uint32_t i, const struct nlmsghdr *header)
{
    const struct nlattr *attr = nlmsg_find_attr((struct nlmsghdr *)header, sizeof(struct ndmsg), NDA_LLADDR);
    struct link_layer_addr *addr = &neighbours->addrs[i];

    if (!(neighbours->wanted & 1u << i) || !attr || nla_len(attr) == 0 || nla_len(attr) > (int)sizeof(addr->bytes))
        return;
    addr->n_bytes = (uint8_t)nla_len(attr);
    memcpy(addr->bytes, nla_data(attr), addr->n_bytes);
    neighbours->wanted &= ~(1u << i);
    neighbours->learned |= 1u << i;
}

static int on_neighbour(const struct nlmsghdr *header, void *userdata)
{
    struct neighbours *neighbours = userdata;
    const struct ndmsg *ndm = nlmsg_data(header);
    const struct nlattr *dst;
    struct ip_addr addr;
    uint8_t family;
    int i;

    if (header->nlmsg_type != RTM_NEWNEIGH || nlmsg_datalen(header) < (int)sizeof(*ndm))
        return 0;
    family = ndm->ndm_family == AF_INET ? 4 : ndm->ndm_family == AF_INET6 ? 6 : 0;
    dst = nlmsg_find_attr((struct nlmsghdr *)header, sizeof(*ndm), NDA_DST);
    if (!family || !dst || nla_len(dst) != (int)ip_addr_size(family))
        return 0;
    addr = ip_addr_from_bytes(family, nla_data(dst));
    i = find(neighbours->watched, neighbours->n_watched, ndm->ndm_ifindex, &addr);
    if (i >= 0 && ndm->ndm_state == NUD_FAILED)
        neighbours->lost |= 1u << i;
    else if (i >= 0 && ndm->ndm_state & NUD_HAS_ADDR)
        learn(neighbours, (uint32_t)i, header);
    return 0;
}

static int admit_present(struct neighbours *neighbours)
{
    return admit(neighbours, neighbours->watched, neighbours->n_watched, neighbours->wanted);
}

int neighbours_read(struct neighbours *neighbours)
{
    uint32_t wanted = neighbours->wanted;
    int r = channel_drain(&neighbours->events, &(struct channel_sink){ on_neighbour, neighbours });

    if (neighbours->wanted != wanted)
        (void)admit_present(neighbours); /* else more is heard than need be */
    if (r != -ENOBUFS && r != -ENOMEM)
        return r;
    /* What could not be kept may have been about any of them: a check too many costs one packet. */
    for (uint32_t i = 0; i < neighbours->n_watched; i++)
        neighbours->lost |= 1u << i;
    return 0;
}

bool neighbours_pop(struct neighbours *neighbours, struct neighbour *ret)
{
    for (uint32_t i = 0; i < neighbours->n_watched; i++) {
        if (!(neighbours->lost & 1u << i))
            continue;
        neighbours->lost &= ~(1u << i);
        *ret = neighbours->watched[i];
        return true;
    }
    return false;
}

/* An error is no answer: the kernel may not know the neighbour yet, or (before 5.0) not the question. */
static void ask(struct neighbours *neighbours, struct channel *calls, const struct neighbour *router)
{
    struct ndmsg ndm = { .ndm_family = router->addr.family == 4 ? AF_INET : AF_INET6, .ndm_ifindex = router->ifindex };
    struct nl_msg *msg = channel_message(RTM_GETNEIGH, 0, &ndm, sizeof(ndm));

    if (msg && nla_put(msg, NDA_DST, (int)ip_addr_size(router->addr.family), router->addr.bytes) < 0)
        cleanup_channel_msg(&msg);
    else
        (void)channel_call(calls, msg, &(struct channel_sink){ on_neighbour, neighbours });
}

int neighbours_want(struct neighbours *neighbours, struct channel *calls, uint32_t wanted)
{
    uint32_t lost = neighbours->lost, new = wanted & ~neighbours->wanted;
    int r;

    if (wanted == neighbours->wanted)
        return 0;
    neighbours->wanted = wanted;
    r = admit_present(neighbours); /* first: what changes meanwhile is heard */
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < neighbours->n_watched; i++)
        if (new & 1u << i)
            ask(neighbours, calls, &neighbours->watched[i]);
    neighbours->lost = lost; /* an entry that failed long ago is no news */
    return neighbours->wanted == wanted ? 0 : admit_present(neighbours);
}

bool neighbours_pop_learned(struct neighbours *neighbours, struct neighbour *ret, struct link_layer_addr *ret_addr)
{
    for (uint32_t i = 0; i < neighbours->n_watched; i++) {
        if (!(neighbours->learned & 1u << i))
            continue;
        neighbours->learned &= ~(1u << i);
        *ret = neighbours->watched[i];
        *ret_addr = neighbours->addrs[i];
        return true;
    }
    return false;
}
