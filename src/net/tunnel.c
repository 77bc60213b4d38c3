/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tunnel interface: a TUN device, or one of kind xfrm, whose packets the kernel encrypts. The former is non-persistent: the kernel takes
 * it away with the last descriptor, also after a crash, while tables and rules stay and keep everything blocked. The latter stays; what is
 * routed into it while no SA stands is dropped by the kernel, which finds no policy for it. An alias marks either as ours, set before
 * anything else, so that a foreign device of the same name is never taken over or deleted.
 */
#include "net/tunnel.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "net/routemsg.h"
#include "net/sysctl.h"
#include "net/xfrm.h"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/ioctl.h>

#define ALIAS         "mvpn tunnel"
#define MTU_DEFAULT   1280 /* until somebody knows better: what every IPv6 path carries */
#define GSO_MAX_BYTES 60000
#define ADDRS_MAX     ELEMENTSOF(((struct routing *)0)->addrs)

static bool text_is(const struct nlattr *attr, const char *text)
{
    size_t length = strlen(text);

    return attr && (size_t)nla_len(attr) >= length &&
           strnlen(nla_data(attr), (size_t)nla_len(attr)) == length &&
           memcmp(nla_data(attr), text, length) == 0;
}

/* Of kind xfrm, with our id? */
static bool is_kernels(struct nlattr *info)
{
    struct nlattr *attrs[IFLA_INFO_MAX + 1], *data[IFLA_XFRM_MAX + 1];

    if (!info || nla_parse_nested(attrs, IFLA_INFO_MAX, info, NULL) < 0 || !text_is(attrs[IFLA_INFO_KIND], "xfrm") ||
        !attrs[IFLA_INFO_DATA] || nla_parse_nested(data, IFLA_XFRM_MAX, attrs[IFLA_INFO_DATA], NULL) < 0)
        return false;
    return data[IFLA_XFRM_IF_ID] && nla_get_u32(data[IFLA_XFRM_IF_ID]) == TUNNEL_IF_ID;
}

static int read_state(const struct nlmsghdr *header, void *userdata)
{
    struct tunnel_state *state = userdata;
    struct nlattr *attrs[IFLA_MAX + 1];
    const struct ifinfomsg *info;

    if (header->nlmsg_type != RTM_NEWLINK || !nlmsg_valid_hdr(header, sizeof(*info)) ||
        nlmsg_parse((struct nlmsghdr *)header, sizeof(*info), attrs, IFLA_MAX, NULL) < 0)
        return -EBADMSG;
    info = nlmsg_data(header);
    state->ifindex = info->ifi_index;
    state->up = info->ifi_flags & IFF_UP;
    state->ours = text_is(attrs[IFLA_IFALIAS], ALIAS);
    state->kernel = is_kernels(attrs[IFLA_LINKINFO]);
    state->mtu = attrs[IFLA_MTU] ? nla_get_u32(attrs[IFLA_MTU]) : 0;
    return 0;
}

int tunnel_find(struct channel *channel, const char *name, struct tunnel_state *ret)
{
    struct ifinfomsg info = { 0 };
    struct channel_sink sink = { read_state, ret };
    struct nl_msg *msg = channel_message(RTM_GETLINK, 0, &info, sizeof(info));
    int r;

    *ret = (struct tunnel_state){ 0 };
    if (!msg)
        return -ENOMEM;
    (void)nla_put_string(msg, IFLA_IFNAME, name);
    r = channel_call(channel, msg, &sink);
    return r == -ENODEV ? 0 : r;
}

static int make_device(const char *name, int *ret_fd)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL };
    _cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return -errno;
    if (strlen(name) >= sizeof(request.ifr_name))
        return -EINVAL;
    strcpy(request.ifr_name, name);
    if (ioctl(fd, TUNSETIFF, &request) < 0)
        return errno == EBUSY || errno == EINVAL ? -EEXIST : -errno;
    *ret_fd = steal_fd(&fd);
    return 0;
}

static int set_alias(struct channel *channel, int ifindex)
{
    struct ifinfomsg info = { .ifi_index = ifindex };
    struct nl_msg *msg = channel_message(RTM_NEWLINK, 0, &info, sizeof(info));

    if (!msg)
        return -ENOMEM;
    (void)nla_put(msg, IFLA_IFALIAS, sizeof(ALIAS) - 1, ALIAS);
    return channel_call(channel, msg, NULL);
}

/* No link-local address, hence no router solicitation or report that would look like traffic (design.md 5, Roaming). */
static int stop_autoconfiguration(struct channel *channel, int ifindex)
{
    struct ifinfomsg info = { .ifi_index = ifindex };
    _cleanup_msg_ struct nl_msg *msg = channel_message(RTM_NEWLINK, 0, &info, sizeof(info));
    struct nlattr *families, *family;
    int r;

    if (!msg || !(families = nla_nest_start(msg, IFLA_AF_SPEC)) ||
        !(family = nla_nest_start(msg, AF_INET6)) ||
        nla_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0)
        return -ENOMEM;
    nla_nest_end(msg, family);
    nla_nest_end(msg, families);
    r = channel_call(channel, steal_ptr(&msg), NULL);
    return r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r; /* no IPv6 */
}

static void set_sysctls(const char *name)
{
    static const struct {
        const char *key;
        int value;
    } settings[] = {
        { "accept_ra", 0 }, { "autoconf", 0 }, { "router_solicitations", 0 },
        { "disable_ipv6", 0 }, /* an administrator's default would refuse the tunnel's address */
    };

    for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
        char path[SYSCTL_PATH_SIZE];
        snprintf(path, sizeof(path), "net/ipv6/conf/%s/%s", name, settings[i].key);
        sysctl_write_quietly(path, settings[i].value);
    }
}

static int set_link(struct channel *channel, int ifindex, uint32_t mtu)
{
    struct ifinfomsg info = {
        .ifi_index = ifindex,
        .ifi_flags = IFF_UP,
        .ifi_change = IFF_UP | IFF_MULTICAST,
    };
    struct nl_msg *msg = channel_message(RTM_NEWLINK, 0, &info, sizeof(info));

    if (!msg)
        return -ENOMEM;
    if (mtu)
        (void)nla_put_u32(msg, IFLA_MTU, mtu);
    return channel_call(channel, msg, NULL);
}

/* A whole uncut frame then fits one UDP_SEGMENT send (65507 bytes) with what ESP adds to each segment. Kernels that refuse send twice. */
static void limit_frames(struct channel *channel, int ifindex)
{
    struct ifinfomsg info = { .ifi_index = ifindex };
    struct nl_msg *msg = channel_message(RTM_NEWLINK, 0, &info, sizeof(info));

    if (!msg)
        return;
    (void)nla_put_u32(msg, IFLA_GSO_MAX_SIZE, GSO_MAX_BYTES);
    (void)channel_call(channel, msg, NULL);
}

/* What every tunnel interface has in common, whatever carries its packets. */
static int dress(struct channel *channel, const char *name, uint32_t mtu, bool is_tun, int *ret_ifindex)
{
    struct tunnel_state state;
    int r = tunnel_find(channel, name, &state);

    if (r < 0)
        return r;
    if (!state.ifindex)
        return -ENODEV;
    r = set_alias(channel, state.ifindex);
    if (r < 0)
        return r;
    r = stop_autoconfiguration(channel, state.ifindex);
    if (r < 0)
        return r;
    set_sysctls(name);
    if (is_tun)
        limit_frames(channel, state.ifindex);
    r = set_link(channel, state.ifindex, mtu ? mtu : MTU_DEFAULT);
    if (r < 0)
        return r;
    *ret_ifindex = state.ifindex;
    return 0;
}

/* 1: there is one of ours of the wanted kind, and it may stay; 0: the name is free; -EEXIST: it is somebody else's. */
static int make_room(struct channel *channel, const char *name, bool keep_kernels)
{
    struct tunnel_state state;
    int r = tunnel_find(channel, name, &state);

    if (r < 0)
        return r;
    if (state.ifindex && !state.ours)
        return -EEXIST;
    if (state.ifindex && keep_kernels && state.kernel)
        return 1;
    return tunnel_delete(channel, name);
}

int tunnel_create(struct channel *channel, const char *name, uint32_t mtu, int *ret_fd, int *ret_ifindex)
{
    _cleanup_close_ int fd = -1;
    int r = make_room(channel, name, false);

    if (r < 0)
        return r;
    r = make_device(name, &fd);
    if (r < 0)
        return r;
    r = dress(channel, name, mtu, true, ret_ifindex);
    if (r < 0)
        return r;
    *ret_fd = steal_fd(&fd);
    return 0;
}

int tunnel_create_kernel(struct channel *channel, const char *name, uint32_t mtu, int *ret_ifindex)
{
    int r = make_room(channel, name, true);

    if (r == 0)
        r = xfrm_create_interface(channel, name, TUNNEL_IF_ID);
    return r < 0 ? r : dress(channel, name, mtu, false, ret_ifindex);
}

static uint8_t whole_length(uint8_t family)
{
    return (uint8_t)(ip_addr_size(family) * 8);
}

static struct nl_msg *addr_message(int type, int flags, int ifindex, const struct link_addr *addr)
{
    struct ifaddrmsg ifa = {
        .ifa_family = (uint8_t)family_to_af(addr->addr.family),
        .ifa_prefixlen = addr->prefix_length,
        .ifa_scope = RT_SCOPE_UNIVERSE,
        .ifa_index = (uint32_t)ifindex,
    };
    _cleanup_msg_ struct nl_msg *msg = channel_message(type, flags, &ifa, sizeof(ifa));

    if (!msg || put_addr(msg, IFA_LOCAL, &addr->addr) < 0 || put_addr(msg, IFA_ADDRESS, &addr->addr) < 0)
        return NULL;
    if (type == RTM_NEWADDR && nla_put_u32(msg, IFA_FLAGS, IFA_F_NODAD | IFA_F_NOPREFIXROUTE) < 0)
        return NULL;
    return steal_ptr(&msg);
}

#define SURPLUS_MAX 32

/* Wanted addresses against the interface's. */
struct addr_diff {
    int ifindex;
    const struct routing *routing;
    bool found[ADDRS_MAX];
    unsigned n_surplus;
    struct link_addr surplus[SURPLUS_MAX];
};

static int compare_addr(const struct nlmsghdr *header, void *userdata)
{
    struct addr_diff *diff = userdata;
    struct nlattr *attrs[IFA_MAX + 1];
    const struct ifaddrmsg *ifa;
    struct link_addr addr;

    if (header->nlmsg_type != RTM_NEWADDR || !nlmsg_valid_hdr(header, sizeof(*ifa)) ||
        nlmsg_parse((struct nlmsghdr *)header, sizeof(*ifa), attrs, IFA_MAX, NULL) < 0)
        return 0;
    ifa = nlmsg_data(header);
    if ((int)ifa->ifa_index != diff->ifindex)
        return 0;
    addr.addr =
        attr_addr(family_from_af(ifa->ifa_family), attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS]);
    addr.prefix_length = ifa->ifa_prefixlen;
    if (addr.addr.family == 0)
        return 0;
    for (uint32_t i = 0; i < diff->routing->n_addrs && i < ADDRS_MAX; i++) {
        if (ip_addr_equal(&diff->routing->addrs[i], &addr.addr) &&
            addr.prefix_length == whole_length(addr.addr.family)) {
            diff->found[i] = true;
            return 0;
        }
    }
    if (diff->n_surplus < SURPLUS_MAX)
        diff->surplus[diff->n_surplus++] = addr;
    return 0;
}

static int compare_addrs(struct channel *channel, struct addr_diff *diff)
{
    struct ifaddrmsg ifa = { .ifa_index = (uint32_t)diff->ifindex };
    struct channel_sink sink = { compare_addr, diff };
    int r = -EAGAIN;

    for (unsigned tries = 0; r == -EAGAIN && tries < 5; tries++) {
        memset(diff->found, 0, sizeof(diff->found));
        diff->n_surplus = 0;
        r = channel_call(channel, channel_message(RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa)), &sink);
    }
    return r == -EAGAIN ? 0 : r;
}

static int change_addrs(struct channel *channel, const struct addr_diff *diff)
{
    int r, result = 0;

    for (uint32_t i = 0; i < diff->routing->n_addrs && i < ADDRS_MAX; i++) {
        struct link_addr addr = { .addr = diff->routing->addrs[i] };
        if (diff->found[i] || addr.addr.family == 0)
            continue;
        addr.prefix_length = whole_length(addr.addr.family);
        r = channel_call(
            channel, addr_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, diff->ifindex, &addr), NULL);
        if (r < 0 && result == 0)
            result = r;
    }
    for (unsigned i = 0; i < diff->n_surplus; i++) {
        r = channel_call(channel, addr_message(RTM_DELADDR, 0, diff->ifindex, &diff->surplus[i]), NULL);
        if (r < 0 && r != -EADDRNOTAVAIL && result == 0)
            result = r;
    }
    return result;
}

int tunnel_configure(struct channel *channel, const struct tunnel_state *state, const struct routing *routing)
{
    struct addr_diff diff = { .ifindex = state->ifindex, .routing = routing };
    int r, result = 0;

    if (!state->up || (routing->mtu && state->mtu != routing->mtu))
        result = set_link(channel, state->ifindex, routing->mtu);
    r = compare_addrs(channel, &diff);
    if (r >= 0)
        r = change_addrs(channel, &diff);
    return result < 0 ? result : r;
}

int tunnel_complete(struct channel *channel, const struct tunnel_state *state, const struct routing *routing)
{
    struct addr_diff diff = { .ifindex = state->ifindex, .routing = routing };
    int r;

    if (!state->ifindex || !state->ours || !state->up)
        return 0;
    r = compare_addrs(channel, &diff);
    if (r < 0)
        return r;
    r = 1;
    for (uint32_t i = 0; i < routing->n_addrs && i < ADDRS_MAX; i++)
        r &= diff.found[i];
    return r;
}

int tunnel_delete(struct channel *channel, const char *name)
{
    struct ifinfomsg info = { 0 };
    struct tunnel_state state;
    int r = tunnel_find(channel, name, &state);

    if (r < 0 || !state.ifindex || !state.ours)
        return r;
    info.ifi_index = state.ifindex;
    r = channel_call(channel, channel_message(RTM_DELLINK, 0, &info, sizeof(info)), NULL);
    return r == -ENODEV ? 0 : r;
}
