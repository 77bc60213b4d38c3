/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call of nl80211 to read the triggers, one to set them; its socket exists for that moment only.
 */
#include "net/wake.h"

#include "base/cleanup.h"
#include "net/wowlan.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct wake {
    int ifindex; /* whose triggers hold our pattern; 0: nobody's */
    struct ip_addr gateway;
    uint16_t port;
    struct wowlan_triggers before; /* us */
};

int wake_new(struct wake **ret)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret ? 0 : -ENOMEM;
}

/* NULL: the kernel has no Wi-Fi, or nothing may be asked of it. */
static struct nl_sock *open_nl80211(int *ret_family)
{
    struct nl_sock *sock = nl_socket_alloc();

    if (!sock)
        return NULL;
    nl_socket_disable_seq_check(sock);
    if (genl_connect(sock) < 0 || (*ret_family = genl_ctrl_resolve(sock, NL80211_GENL_NAME)) < 0) {
        nl_socket_free(sock);
        return NULL;
    }
    return sock;
}

static struct nl_msg *new_message(int family, uint8_t command, int flags, int ifindex)
{
    struct nl_msg *msg = nlmsg_alloc();

    if (!msg)
        return NULL;
    if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, command, 0) ||
        nla_put_u32(msg, NL80211_ATTR_IFINDEX, (uint32_t)ifindex) < 0) {
        nlmsg_free(msg);
        return NULL;
    }
    return msg;
}

struct reading {
    struct wowlan_triggers *ret;
    int r;
};

static int on_triggers(struct nl_msg *msg, void *userdata)
{
    struct reading *reading = userdata;
    struct genlmsghdr *header = nlmsg_data(nlmsg_hdr(msg));

    reading->r = wowlan_read(genlmsg_attrdata(header, 0), (size_t)genlmsg_attrlen(header, 0), reading->ret);
    return NL_OK;
}

static int read_triggers(struct nl_sock *sock, int family, int ifindex, struct wowlan_triggers *ret)
{
    struct reading reading = { .ret = ret, .r = -ENODATA };
    struct nl_msg *msg = new_message(family, NL80211_CMD_GET_WOWLAN, 0, ifindex);
    int r;

    if (!msg)
        return -ENOMEM;
    nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_triggers, &reading);
    r = nl_send_sync(sock, msg); /* frees it */
    nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
    return r < 0 ? -EOPNOTSUPP : reading.r;
}

static int write_triggers(struct nl_sock *sock, int family, int ifindex, const struct wowlan_triggers *triggers,
    const struct wowlan_pattern *pattern)
{
    struct nl_msg *msg = new_message(family, NL80211_CMD_SET_WOWLAN, 0, ifindex);
    int r = 0;

    if (!msg)
        return -ENOMEM;
    if (triggers->n_bytes > 0 || pattern) /* without the attribute nothing wakes it */
        r = wowlan_put(msg, triggers, pattern);
    if (r < 0) {
        nlmsg_free(msg);
        return r;
    }
    return nl_send_sync(sock, msg) < 0 ? -EOPNOTSUPP : 0;
}

static void restore(struct wake *wake)
{
    int family, ifindex = wake->ifindex;
    struct nl_sock *sock;

    wake->ifindex = 0;
    if (ifindex == 0 || !(sock = open_nl80211(&family)))
        return;
    (void)write_triggers(sock, family, ifindex, &wake->before, NULL); /* the card may be gone */
    nl_socket_free(sock);
}

void wake_free(struct wake *wake)
{
    if (!wake)
        return;
    restore(wake);
    free(wake);
}

static int add_pattern(struct wake *wake, int ifindex, const struct character *character)
{
    struct wowlan_pattern pattern = wowlan_pattern_of(&character->gateway, character->gateway_port);
    int family, r;
    struct nl_sock *sock = open_nl80211(&family);

    if (!sock)
        return 0;
    r = read_triggers(sock, family, ifindex, &wake->before);
    if (r >= 0 && wowlan_can_add(&wake->before))
        r = write_triggers(sock, family, ifindex, &wake->before, &pattern);
    else if (r >= 0)
        r = 1; /* as it is, it is right */
    nl_socket_free(sock);
    if (r == 0) {
        wake->ifindex = ifindex;
        wake->gateway = character->gateway;
        wake->port = character->gateway_port;
    }
    return r == -EOPNOTSUPP || r > 0 ? 0 : r;
}

int wake_set(struct wake *wake, const struct character *character)
{
    bool wanted = character->active && character->has_base && character->type == LINK_TYPE_WIFI && character->gateway.family != 0 &&
                  character->gateway_port != 0;
    int ifindex = wanted ? (int)if_nametoindex(character->base_interface) : 0;

    if (wake->ifindex == ifindex &&
        (ifindex == 0 || (wake->port == character->gateway_port && ip_addr_equal(&wake->gateway, &character->gateway))))
        return 0;
    restore(wake);
    return ifindex ? add_pattern(wake, ifindex, character) : 0;
}

bool wake_wired(const char *interface)
{
    struct ethtool_wolinfo wol = { .cmd = ETHTOOL_GWOL };
    struct ifreq request = { .ifr_data = (char *)&wol };
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0)
        return true;
    return wol.supported == 0 || (wol.wolopts & (WAKE_UCAST | WAKE_FILTER)) != 0;
}
