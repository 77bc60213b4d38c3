/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables' messages (linux/netfilter/nf_tables.h), built by hand: they are few and flat. Numbers are in network order there. All requests of
 * one batch carry one sequence number, so that whatever comes back late is told from the answer to the next.
 */
#include "fw/netlink.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "fw/sets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define TABLE        "mvpn"
#define BATCH_SIZE   16384
#define ANSWER_SIZE  8192
#define KEY_MAX_SIZE 20 /* an IPv6 address and a port, filled up to 32 bits */

/* Requests one behind the other; what does not fit is remembered and nothing is sent. */
struct batch {
    _Alignas(struct nlmsghdr) char bytes[BATCH_SIZE];
    size_t n_bytes;
    size_t message_at; /* the last header */
    uint32_t n_wanted_acks;
    bool overflow;
};

union answer {
    struct nlmsghdr header;
    char bytes[ANSWER_SIZE];
};

int fw_netlink_open(struct fw_netlink *netlink)
{
    /* The kernel answers within the call; the limit only guards against waiting for ever on a lost message. */
    struct timeval limit = { .tv_sec = 5 };
    _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

    *netlink = (struct fw_netlink){ .fd = -1 };
    if (fd < 0)
        return errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT ? -EOPNOTSUPP : -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
        return -errno;
    netlink->fd = steal_fd(&fd);
    return 0;
}

static void put(struct batch *batch, const void *bytes, size_t n_bytes)
{
    size_t padded = NLMSG_ALIGN(n_bytes);

    if (batch->n_bytes + padded > sizeof(batch->bytes)) {
        batch->overflow = true;
        return;
    }
    memset(batch->bytes + batch->n_bytes, 0, padded);
    if (n_bytes > 0)
        memcpy(batch->bytes + batch->n_bytes, bytes, n_bytes);
    batch->n_bytes += padded;
}

static void start_message(struct batch *batch, uint16_t type, uint16_t flags, uint8_t family, uint16_t res_id)
{
    struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags };
    struct nfgenmsg nf = { .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(res_id) };

    batch->message_at = batch->n_bytes;
    batch->n_wanted_acks += flags & NLM_F_ACK ? 1 : 0;
    put(batch, &header, sizeof(header));
    put(batch, &nf, sizeof(nf));
}

static void end_message(struct batch *batch, const struct fw_netlink *netlink)
{
    struct nlmsghdr *header = (struct nlmsghdr *)(batch->bytes + batch->message_at);

    if (batch->overflow)
        return;
    header->nlmsg_len = (uint32_t)(batch->n_bytes - batch->message_at);
    header->nlmsg_seq = netlink->sequence;
}

static void put_attribute(struct batch *batch, uint16_t type, const void *bytes, size_t n_bytes)
{
    struct nlattr attribute = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + n_bytes) };

    put(batch, &attribute, sizeof(attribute));
    put(batch, bytes, n_bytes);
}

static void put_text(struct batch *batch, uint16_t type, const char *text)
{
    put_attribute(batch, type, text, strlen(text) + 1);
}

/* Where the nest starts, for end_nest(). */
static size_t start_nest(struct batch *batch, uint16_t type)
{
    size_t at = batch->n_bytes;

    put_attribute(batch, type | NLA_F_NESTED, NULL, 0);
    return at;
}

static void end_nest(struct batch *batch, size_t at)
{
    if (!batch->overflow)
        ((struct nlattr *)(batch->bytes + at))->nla_len = (uint16_t)(batch->n_bytes - at);
}

/* 0: the next message with our sequence number; or negative errno of the socket. */
static int receive(const struct fw_netlink *netlink, union answer *ret)
{
    ssize_t n;

    do {
        n = recv(netlink->fd, ret, sizeof(*ret), 0);
        if (n < 0)
            return -errno;
        if ((size_t)n < sizeof(ret->header) || ret->header.nlmsg_len > (size_t)n)
            return -EBADMSG;
    } while (ret->header.nlmsg_seq != netlink->sequence);
    return 0;
}

/* An error message's errno, 0 for an acknowledgement, 1 where the message is none. */
static int error_of(const union answer *answer)
{
    if (answer->header.nlmsg_type != NLMSG_ERROR)
        return 1;
    if (answer->header.nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
        return -EBADMSG;
    return ((const struct nlmsgerr *)NLMSG_DATA(&answer->header))->error;
}

static int transmit(struct fw_netlink *netlink, const struct batch *batch)
{
    if (batch->overflow)
        return -E2BIG;
    return send(netlink->fd, batch->bytes, batch->n_bytes, 0) < 0 ? -errno : 0;
}

/* The one question in the batch. */
static int ask(struct fw_netlink *netlink, const struct batch *batch, union answer *ret)
{
    int r = transmit(netlink, batch);

    if (r == 0)
        r = receive(netlink, ret);
    if (r == 0)
        r = error_of(ret);
    return r == 1 ? 0 : r < 0 ? r : -EBADMSG;
}

static int read_u32(const union answer *answer, uint16_t type, uint32_t *ret)
{
    size_t at = NLMSG_LENGTH(sizeof(struct nfgenmsg));
    struct nlattr attribute;
    uint32_t value;

    while (at + NLA_HDRLEN <= answer->header.nlmsg_len) {
        memcpy(&attribute, answer->bytes + at, sizeof(attribute));
        if (attribute.nla_len < NLA_HDRLEN || at + attribute.nla_len > answer->header.nlmsg_len)
            break;
        if ((attribute.nla_type & NLA_TYPE_MASK) == type && attribute.nla_len == NLA_HDRLEN + sizeof(value)) {
            memcpy(&value, answer->bytes + at + NLA_HDRLEN, sizeof(value));
            *ret = ntohl(value);
            return 0;
        }
        at += NLA_ALIGN(attribute.nla_len);
    }
    return -EBADMSG;
}

int fw_netlink_generation(struct fw_netlink *netlink, uint32_t *ret_generation)
{
    struct batch batch = { .n_bytes = 0 };
    union answer answer;
    int r;

    netlink->sequence++;
    start_message(&batch, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN, 0, AF_UNSPEC, 0);
    end_message(&batch, netlink);
    r = ask(netlink, &batch, &answer);
    /* nfnetlink says EINVAL for a subsystem that it does not have. */
    if (r < 0)
        return r == -EINVAL ? -EOPNOTSUPP : r;
    return read_u32(&answer, NFTA_GEN_ID, ret_generation);
}

int fw_netlink_has_table(struct fw_netlink *netlink, const char *name)
{
    struct batch batch = { .n_bytes = 0 };
    union answer answer;
    int r;

    netlink->sequence++;
    start_message(&batch, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, 0, NFPROTO_INET, 0);
    put_text(&batch, NFTA_TABLE_NAME, name);
    end_message(&batch, netlink);
    r = ask(netlink, &batch, &answer);
    if (r == -ENOENT)
        return 0;
    return r < 0 ? r : 1;
}

/* The element as the kernel compares it; its size. */
static size_t make_key(const struct fw_element *element, enum fw_kind kind, uint8_t ret_key[KEY_MAX_SIZE])
{
    size_t size = ip_addr_size(element->addr.family);
    uint16_t port = htons(element->port);

    memset(ret_key, 0, KEY_MAX_SIZE);
    switch (kind) {
    case FW_KIND_ADDR:
    case FW_KIND_NUMBER:
        memcpy(ret_key, element->addr.bytes, size);
        return size;
    case FW_KIND_SERVICE:
        memcpy(ret_key, element->addr.bytes, size);
        memcpy(ret_key + size, &port, sizeof(port));
        return size + sizeof(uint32_t);
    case FW_KIND_NAME:
        memcpy(ret_key, element->name, sizeof(element->name));
        return sizeof(element->name);
    case FW_KIND_PREFIX:
        break;
    }
    return 0;
}

static void put_elements(struct batch *batch, const struct fw_set *set, const struct fw_elements *list)
{
    size_t elements_at = start_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);

    for (uint32_t i = 0; i < list->n_elements; i++) {
        size_t element_at = start_nest(batch, NFTA_LIST_ELEM), key_at = start_nest(batch, NFTA_SET_ELEM_KEY);
        uint8_t key[KEY_MAX_SIZE];
        size_t size = make_key(&list->elements[i], set->kind, key);

        put_attribute(batch, NFTA_DATA_VALUE, key, size);
        end_nest(batch, key_at);
        end_nest(batch, element_at);
    }
    end_nest(batch, elements_at);
}

/* list NULL: all elements of the set (for removal). */
static void put_set(struct batch *batch, const struct fw_netlink *netlink, uint16_t message, const struct fw_set *set,
    const struct fw_elements *list)
{
    uint16_t flags = NLM_F_ACK | (message == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);

    start_message(batch, (uint16_t)((NFNL_SUBSYS_NFTABLES << 8) | message), flags, NFPROTO_INET, 0);
    put_text(batch, NFTA_SET_ELEM_LIST_TABLE, TABLE);
    put_text(batch, NFTA_SET_ELEM_LIST_SET, set->name);
    if (list)
        put_elements(batch, set, list);
    end_message(batch, netlink);
}

static void put_changes(struct batch *batch, const struct fw_netlink *netlink, const struct lockdown *from, const struct lockdown *to)
{
    for (size_t i = 0; i < N_FW_SETS; i++) {
        const struct fw_set *set = &FW_SETS[i];
        struct fw_elements old, new;

        fw_set_list(set, from, &old);
        fw_set_list(set, to, &new);
        if (memcmp(&old, &new, sizeof(old)) == 0)
            continue;
        if (old.n_elements)
            put_set(batch, netlink, NFT_MSG_DELSETELEM, set, NULL);
        if (new.n_elements)
            put_set(batch, netlink, NFT_MSG_NEWSETELEM, set, &new);
    }
}

int fw_netlink_update(struct fw_netlink *netlink, uint32_t generation, const struct lockdown *from, const struct lockdown *to)
{
    const uint32_t wanted = htonl(generation);
    struct batch batch = { .n_bytes = 0 };
    union answer answer;
    int r;

    netlink->sequence++;
    start_message(&batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    put_attribute(&batch, NFNL_BATCH_GENID, &wanted, sizeof(wanted));
    end_message(&batch, netlink);
    put_changes(&batch, netlink, from, to);
    if (batch.n_wanted_acks == 0) /* no transaction would come of it, and no generation */
        return -ERESTART;
    start_message(&batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    end_message(&batch, netlink);
    r = transmit(netlink, &batch);
    /* One acknowledgement for each change, all of them after the commit; or what refused the whole. */
    for (uint32_t i = 0; r == 0 && i < batch.n_wanted_acks; i++) {
        r = receive(netlink, &answer);
        if (r == 0)
            r = error_of(&answer);
    }
    return r == 1 ? -EBADMSG : r;
}
