/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interface and removal; the tries are in xfrmprobe.c. What is found by a dump is deleted after it, in batches of fixed size, until a dump
 * finds nothing more: a deletion during the dump may make the kernel skip an entry.
 */
#include "net/xfrm.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#define BATCH     64
#define N_BATCHES 64 /* an end, also where somebody goes on adding */

int xfrm_create_interface(struct channel *route_channel, const char *name, uint32_t if_id)
{
    struct ifinfomsg info = { 0 };
    _cleanup_msg_ struct nl_msg *msg =
        channel_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
    struct nlattr *link, *data;

    if (!msg || nla_put_string(msg, IFLA_IFNAME, name) < 0 || !(link = nla_nest_start(msg, IFLA_LINKINFO)) ||
        nla_put_string(msg, IFLA_INFO_KIND, "xfrm") < 0 || !(data = nla_nest_start(msg, IFLA_INFO_DATA)) ||
        nla_put_u32(msg, IFLA_XFRM_IF_ID, if_id) < 0)
        return -ENOMEM;
    nla_nest_end(msg, data);
    nla_nest_end(msg, link);
    return channel_call(route_channel, steal_ptr(&msg), NULL);
}

/* ---- removal ---- */

struct found_sa {
    struct xfrm_usersa_id id;
    struct xfrm_mark mark;
};

struct found_policy {
    struct xfrm_userpolicy_id id;
    struct xfrm_mark mark;
};

struct finds {
    uint32_t if_id;
    unsigned n;
    union {
        struct found_sa sas[BATCH];
        struct found_policy policies[BATCH];
    };
};

static bool is_ours(struct nlattr **attrs, uint32_t if_id)
{
    return attrs[XFRMA_IF_ID] && nla_len(attrs[XFRMA_IF_ID]) >= (int)sizeof(if_id) &&
           nla_get_u32(attrs[XFRMA_IF_ID]) == if_id;
}

static struct xfrm_mark mark_in(struct nlattr **attrs)
{
    struct xfrm_mark mark = { 0 };

    if (attrs[XFRMA_MARK])
        nla_memcpy(&mark, attrs[XFRMA_MARK], sizeof(mark));
    return mark;
}

static int find_sa(const struct nlmsghdr *header, void *userdata)
{
    struct finds *finds = userdata;
    struct nlattr *attrs[XFRMA_MAX + 1];
    const struct xfrm_usersa_info *info;

    if (header->nlmsg_type != XFRM_MSG_NEWSA || !nlmsg_valid_hdr(header, sizeof(*info)) ||
        nlmsg_parse((struct nlmsghdr *)header, sizeof(*info), attrs, XFRMA_MAX, NULL) < 0)
        return 0;
    info = nlmsg_data(header);
    if (!is_ours(attrs, finds->if_id) || finds->n == BATCH)
        return 0;
    finds->sas[finds->n++] = (struct found_sa){
        .id = { .daddr = info->id.daddr,
            .spi = info->id.spi,
            .family = info->family,
            .proto = info->id.proto },
        .mark = mark_in(attrs),
    };
    return 0;
}

static int find_policy(const struct nlmsghdr *header, void *userdata)
{
    struct finds *finds = userdata;
    struct nlattr *attrs[XFRMA_MAX + 1];
    const struct xfrm_userpolicy_info *info;

    if (header->nlmsg_type != XFRM_MSG_NEWPOLICY || !nlmsg_valid_hdr(header, sizeof(*info)) ||
        nlmsg_parse((struct nlmsghdr *)header, sizeof(*info), attrs, XFRMA_MAX, NULL) < 0)
        return 0;
    info = nlmsg_data(header);
    if (!is_ours(attrs, finds->if_id) || finds->n == BATCH)
        return 0;
    finds->policies[finds->n++] = (struct found_policy){
        .id = { .sel = info->sel, .index = info->index, .dir = info->dir },
        .mark = mark_in(attrs),
    };
    return 0;
}

static int delete (struct channel *channel, int type, const void *id, int id_bytes,
    const struct xfrm_mark *mark, uint32_t if_id)
{
    _cleanup_msg_ struct nl_msg *msg = channel_message(type, 0, id, id_bytes);
    int r;

    if (!msg || nla_put_u32(msg, XFRMA_IF_ID, if_id) < 0 ||
        ((mark->v | mark->m) && nla_put(msg, XFRMA_MARK, sizeof(*mark), mark) < 0))
        return -ENOMEM;
    r = channel_call(channel, steal_ptr(&msg), NULL);
    return r == -ESRCH || r == -ENOENT ? 0 : r; /* it went by itself */
}

static int delete_all(struct channel *channel, const struct finds *finds, bool policies)
{
    int r, result = 0;

    for (unsigned i = 0; i < finds->n; i++) {
        if (policies)
            r = delete (channel, XFRM_MSG_DELPOLICY, &finds->policies[i].id, sizeof(finds->policies[i].id),
                &finds->policies[i].mark, finds->if_id);
        else
            r = delete (channel, XFRM_MSG_DELSA, &finds->sas[i].id, sizeof(finds->sas[i].id),
                &finds->sas[i].mark, finds->if_id);
        if (r < 0 && result == 0)
            result = r;
    }
    return result;
}

static int find(struct channel *channel, struct finds *finds, bool policies)
{
    struct channel_sink sink = { policies ? find_policy : find_sa, finds };
    int type = policies ? XFRM_MSG_GETPOLICY : XFRM_MSG_GETSA;

    finds->n = 0;
    return channel_call(channel, channel_message(type, NLM_F_DUMP, "", 0), &sink);
}

static int clear(struct channel *channel, uint32_t if_id, bool policies)
{
    struct finds finds = { .if_id = if_id };

    for (unsigned i = 0; i < N_BATCHES; i++) {
        int r = find(channel, &finds, policies);

        if (r < 0 && r != -EAGAIN)
            return r;
        if (r == 0 && finds.n == 0)
            return 0;
        r = delete_all(channel, &finds, policies);
        if (r < 0)
            return r;
    }
    return -EAGAIN;
}

int xfrm_clear(uint32_t if_id)
{
    struct channel channel;
    int policies, sas;
    int r = channel_open_xfrm(&channel);

    if (r < 0)
        return r == -EPROTONOSUPPORT ? 0 : r;
    policies = clear(&channel, if_id, true);
    sas = clear(&channel, if_id, false);
    channel_close(&channel);
    return policies < 0 ? policies : sas;
}
