/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nl80211 through generic netlink: the family's number is asked first, because the kernel deals them out as they come.
 */
#include "net/wifi.h"

#include "base/macro.h"
#include "net/channel.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

static const void *find_attr(const struct nlmsghdr *header, int type)
{
    return nlmsg_find_attr((struct nlmsghdr *)header, GENL_HDRLEN, type);
}

static int take_family(const struct nlmsghdr *header, void *userdata)
{
    const struct nlattr *id = find_attr(header, CTRL_ATTR_FAMILY_ID);

    if (id && nla_len(id) >= (int)sizeof(uint16_t))
        *(uint16_t *)userdata = nla_get_u16(id);
    return 0;
}

static int find_nl80211(struct channel *channel, uint16_t *ret)
{
    struct genlmsghdr genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
    struct nl_msg *msg = channel_message(GENL_ID_CTRL, 0, &genl, sizeof(genl));
    int r;

    if (msg && nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, NL80211_GENL_NAME) < 0) {
        cleanup_channel_msg(&msg);
        return -ENOMEM;
    }
    *ret = 0;
    r = channel_call(channel, msg, &(struct channel_sink){ take_family, ret });
    return r < 0 ? r : *ret ? 0 : -EOPNOTSUPP;
}

static int take_ssid(const struct nlmsghdr *header, void *userdata)
{
    const struct nlattr *attr = find_attr(header, NL80211_ATTR_SSID);
    struct ssid *ssid = userdata;

    if (!attr)
        return 0;
    ssid->n_bytes = (uint8_t)MIN_OF(nla_len(attr), SSID_MAX_BYTES);
    memcpy(ssid->bytes, nla_data(attr), ssid->n_bytes);
    return 0;
}

static int ask(struct channel *channel, int ifindex, struct ssid *ret)
{
    struct genlmsghdr genl = { .cmd = NL80211_CMD_GET_INTERFACE };
    struct nl_msg *msg;
    uint16_t family;
    int r = find_nl80211(channel, &family);

    if (r < 0)
        return r;
    msg = channel_message(family, 0, &genl, sizeof(genl));
    if (msg && nla_put_u32(msg, NL80211_ATTR_IFINDEX, (uint32_t)ifindex) < 0) {
        cleanup_channel_msg(&msg);
        return -ENOMEM;
    }
    return channel_call(channel, msg, &(struct channel_sink){ take_ssid, ret });
}

int wifi_get_ssid(int ifindex, struct ssid *ret)
{
    struct channel channel;
    int r;

    *ret = (struct ssid){ 0 };
    r = channel_open_generic(&channel);
    if (r < 0)
        return r;
    r = ask(&channel, ifindex, ret);
    channel_close(&channel);
    return r;
}
