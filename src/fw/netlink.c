/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables' messages (linux/netfilter/nf_tables.h), built by hand: they are few and flat. Numbers are in network order there.
 */
#include "fw/netlink.h"

#include "base/macro.h"
#include "fw/batch.h"
#include "fw/sets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define TABLE        "mvpn"
#define KEY_MAX_SIZE 20 /* an IPv6 address and a port, filled up to 32 bits */

#define MESSAGE(type) ((uint16_t)((NFNL_SUBSYS_NFTABLES << 8) | (type)))

int fw_netlink_open(struct fw_netlink *netlink)
{
    *netlink = (struct fw_netlink){ .fd = -1 };
    netlink->fd = batch_open(NETLINK_NETFILTER);
    return MIN_OF(netlink->fd, 0);
}

static void start_message(struct batch *batch, uint16_t type, uint16_t flags, uint8_t family, uint16_t res_id)
{
    struct nfgenmsg nf = { .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(res_id) };

    batch_start(batch, type, flags, &nf, sizeof(nf));
}

/* The one question in the batch. */
static int ask(struct fw_netlink *netlink, const struct batch *batch, union batch_answer *ret)
{
    int r = batch_send(netlink->fd, batch);

    if (r == 0)
        r = batch_receive(netlink->fd, batch->sequence, ret);
    if (r >= 0)
        r = batch_error_of(&ret->header);
    return r == 1 ? 0 : r < 0 ? r : -EBADMSG;
}

int fw_netlink_generation(struct fw_netlink *netlink, uint32_t *ret_generation)
{
    struct batch batch;
    union batch_answer answer;
    const void *generation;
    size_t size;
    int r;

    batch_init(&batch, ++netlink->sequence);
    start_message(&batch, MESSAGE(NFT_MSG_GETGEN), 0, AF_UNSPEC, 0);
    batch_end(&batch);
    r = ask(netlink, &batch, &answer);
    /* nfnetlink says EINVAL for a subsystem that it does not have. */
    if (r < 0)
        return r == -EINVAL ? -EOPNOTSUPP : r;
    generation = batch_find(&answer.header, sizeof(struct nfgenmsg), NFTA_GEN_ID, &size);
    if (!generation || size != sizeof(*ret_generation))
        return -EBADMSG;
    memcpy(ret_generation, generation, sizeof(*ret_generation));
    *ret_generation = ntohl(*ret_generation);
    return 0;
}

int fw_netlink_has_table(struct fw_netlink *netlink, const char *name)
{
    struct batch batch;
    union batch_answer answer;
    int r;

    batch_init(&batch, ++netlink->sequence);
    start_message(&batch, MESSAGE(NFT_MSG_GETTABLE), 0, NFPROTO_INET, 0);
    batch_put_text(&batch, NFTA_TABLE_NAME, name);
    batch_end(&batch);
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
    size_t elements_at = batch_start_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);

    for (uint32_t i = 0; i < list->n_elements; i++) {
        size_t element_at = batch_start_nest(batch, NFTA_LIST_ELEM), key_at = batch_start_nest(batch, NFTA_SET_ELEM_KEY);
        uint8_t key[KEY_MAX_SIZE];
        size_t size = make_key(&list->elements[i], set->kind, key);

        batch_put(batch, NFTA_DATA_VALUE, key, size);
        batch_end_nest(batch, key_at);
        batch_end_nest(batch, element_at);
    }
    batch_end_nest(batch, elements_at);
}

/* list NULL: all elements of the set (for removal). */
static void put_set(struct batch *batch, uint16_t message, const struct fw_set *set, const struct fw_elements *list)
{
    uint16_t flags = NLM_F_ACK | (message == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);

    start_message(batch, MESSAGE(message), flags, NFPROTO_INET, 0);
    batch_put_text(batch, NFTA_SET_ELEM_LIST_TABLE, TABLE);
    batch_put_text(batch, NFTA_SET_ELEM_LIST_SET, set->name);
    if (list)
        put_elements(batch, set, list);
    batch_end(batch);
}

static void put_changes(struct batch *batch, const struct lockdown *from, const struct lockdown *to)
{
    for (size_t i = 0; i < N_FW_SETS; i++) {
        const struct fw_set *set = &FW_SETS[i];
        struct fw_elements old, new;

        fw_set_list(set, from, &old);
        fw_set_list(set, to, &new);
        if (memcmp(&old, &new, sizeof(old)) == 0)
            continue;
        if (old.n_elements)
            put_set(batch, NFT_MSG_DELSETELEM, set, NULL);
        if (new.n_elements)
            put_set(batch, NFT_MSG_NEWSETELEM, set, &new);
    }
}

static void begin_transaction(struct batch *batch)
{
    start_message(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
}

static void end_transaction(struct batch *batch)
{
    start_message(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    batch_end(batch);
}

int fw_netlink_update(struct fw_netlink *netlink, uint32_t generation, const struct lockdown *from, const struct lockdown *to)
{
    const uint32_t wanted = htonl(generation);
    struct batch batch;

    batch_init(&batch, ++netlink->sequence);
    begin_transaction(&batch);
    batch_put(&batch, NFNL_BATCH_GENID, &wanted, sizeof(wanted));
    batch_end(&batch);
    put_changes(&batch, from, to);
    if (batch.n_wanted_acks == 0) /* no transaction would come of it, and no generation */
        return -ERESTART;
    end_transaction(&batch);
    /* One acknowledgement for each change, all of them after the commit; or what refused the whole. */
    return batch_run(netlink->fd, &batch);
}

/* ---- nothing but loopback ---- */

static void put_u32(struct batch *batch, uint16_t type, uint32_t value)
{
    value = htonl(value);
    batch_put(batch, type, &value, sizeof(value));
}

static void put_table(struct batch *batch, const char *table)
{
    start_message(batch, MESSAGE(NFT_MSG_NEWTABLE), NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, NFPROTO_INET, 0);
    batch_put_text(batch, NFTA_TABLE_NAME, table);
    batch_end(batch);
}

static void put_chain(struct batch *batch, const char *table, const char *chain, uint32_t hook)
{
    size_t at;

    start_message(batch, MESSAGE(NFT_MSG_NEWCHAIN), NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET, 0);
    batch_put_text(batch, NFTA_CHAIN_TABLE, table);
    batch_put_text(batch, NFTA_CHAIN_NAME, chain);
    batch_put_text(batch, NFTA_CHAIN_TYPE, "filter");
    put_u32(batch, NFTA_CHAIN_POLICY, NF_DROP);
    at = batch_start_nest(batch, NFTA_CHAIN_HOOK);
    put_u32(batch, NFTA_HOOK_HOOKNUM, hook);
    put_u32(batch, NFTA_HOOK_PRIORITY, (uint32_t)-10); /* as in the whole ruleset */
    batch_end_nest(batch, at);
    batch_end(batch);
}

/* Opens an expression of a rule: the nests to be closed go to ret. */
static void start_expression(struct batch *batch, const char *name, size_t ret[2])
{
    ret[0] = batch_start_nest(batch, NFTA_LIST_ELEM);
    batch_put_text(batch, NFTA_EXPR_NAME, name);
    ret[1] = batch_start_nest(batch, NFTA_EXPR_DATA);
}

static void end_expression(struct batch *batch, const size_t at[2])
{
    batch_end_nest(batch, at[1]);
    batch_end_nest(batch, at[0]);
}

/* key: the interface by which a packet comes or leaves; only loopback has this number, in every network namespace. */
static void put_is_loopback(struct batch *batch, uint32_t key)
{
    const uint32_t loopback = 1;
    size_t at[2], data;

    start_expression(batch, "meta", at);
    put_u32(batch, NFTA_META_KEY, key);
    put_u32(batch, NFTA_META_DREG, NFT_REG_1);
    end_expression(batch, at);
    start_expression(batch, "cmp", at);
    put_u32(batch, NFTA_CMP_SREG, NFT_REG_1);
    put_u32(batch, NFTA_CMP_OP, NFT_CMP_EQ);
    data = batch_start_nest(batch, NFTA_CMP_DATA);
    batch_put(batch, NFTA_DATA_VALUE, &loopback, sizeof(loopback));
    batch_end_nest(batch, data);
    end_expression(batch, at);
}

static void put_accept(struct batch *batch)
{
    size_t at[2], data, verdict;

    start_expression(batch, "immediate", at);
    put_u32(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    data = batch_start_nest(batch, NFTA_IMMEDIATE_DATA);
    verdict = batch_start_nest(batch, NFTA_DATA_VERDICT);
    put_u32(batch, NFTA_VERDICT_CODE, NF_ACCEPT);
    batch_end_nest(batch, verdict);
    batch_end_nest(batch, data);
    end_expression(batch, at);
}

static void put_loopback_rule(struct batch *batch, const char *table, const char *chain, uint32_t key)
{
    size_t at;

    start_message(batch, MESSAGE(NFT_MSG_NEWRULE), NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET, 0);
    batch_put_text(batch, NFTA_RULE_TABLE, table);
    batch_put_text(batch, NFTA_RULE_CHAIN, chain);
    at = batch_start_nest(batch, NFTA_RULE_EXPRESSIONS);
    put_is_loopback(batch, key);
    put_accept(batch);
    batch_end_nest(batch, at);
    batch_end(batch);
}

int fw_netlink_shut(struct fw_netlink *netlink, const char *name)
{
    struct batch batch;

    batch_init(&batch, ++netlink->sequence);
    begin_transaction(&batch);
    batch_end(&batch);
    put_table(&batch, name);
    put_chain(&batch, name, "input", NF_INET_LOCAL_IN);
    put_chain(&batch, name, "output", NF_INET_LOCAL_OUT);
    put_chain(&batch, name, "forward", NF_INET_FORWARD);
    put_loopback_rule(&batch, name, "input", NFT_META_IIF);
    put_loopback_rule(&batch, name, "output", NFT_META_OIF);
    end_transaction(&batch);
    return batch_run(netlink->fd, &batch);
}
