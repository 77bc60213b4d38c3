/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types of interfaces. rtnetlink's kind is believed first, because sysfs may show another namespace's devices: its files are read only when
 * the index there is the one that rtnetlink gave. Hardware without a kind is told apart by DEVTYPE, wireless files and driver.
 */
#include "net/linktype.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "net/wake.h"

#include <linux/if_arp.h>
#include <string.h>

#define SYSFS_PATH_SIZE  96
#define SYSFS_VALUE_SIZE 256

static const char *sysfs_path(const struct link_facts *facts, const char *file, char *buf)
{
    snprintf(buf, SYSFS_PATH_SIZE, "/sys/class/net/%s/%s", facts->name, file);
    return buf;
}

static bool sysfs_has(const struct link_facts *facts, const char *file)
{
    char path[SYSFS_PATH_SIZE];

    return access(sysfs_path(facts, file, path), F_OK) == 0;
}

/* The first SYSFS_VALUE_SIZE - 1 bytes; "" when it cannot be read. */
static void sysfs_read(const struct link_facts *facts, const char *file, char *ret)
{
    char path[SYSFS_PATH_SIZE];
    _cleanup_fclose_ FILE *f = fopen(sysfs_path(facts, file, path), "re");
    size_t n = f ? fread(ret, 1, SYSFS_VALUE_SIZE - 1, f) : 0;

    ret[n] = '\0';
}

static bool sysfs_is_ours(const struct link_facts *facts)
{
    char text[SYSFS_VALUE_SIZE];

    sysfs_read(facts, "ifindex", text);
    return atoi(text) == facts->ifindex;
}

static bool in_list(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

static bool is_tunnel_kind(const char *kind)
{
    static const char *const kinds[] = {
        "tun",
        "wireguard",
        "xfrm",
        "vti",
        "vti6",
        "ipip",
        "sit",
        "gre",
        "gretap",
        "erspan",
        "ip6tnl",
        "ip6gre",
        "ip6gretap",
        "ip6erspan",
        "vxlan",
        "geneve",
        "bareudp",
        "gtp",
        "amt",
        "ovpn",
        "ovpn-dco",
        "l2tp",
    };

    return in_list(kind, kinds, ELEMENTSOF(kinds));
}

static bool is_cellular_kind(const char *kind)
{
    static const char *const kinds[] = { "rmnet", "wwan", "ppp" };

    return in_list(kind, kinds, ELEMENTSOF(kinds));
}

/* Kinds that carry packets of others or of nobody. */
static bool is_other_kind(const char *kind)
{
    static const char *const kinds[] = { "dummy", "ifb", "vrf", "nlmon", "vcan", "can", "lowpan", "netdevsim",
        "hsr" };

    return in_list(kind, kinds, ELEMENTSOF(kinds));
}

/* Modems that some kernels show as plain ethernet. */
static bool has_modem_driver(const struct link_facts *facts)
{
    static const char *const drivers[] = {
        "qmi_wwan",
        "cdc_mbim",
        "huawei_cdc_ncm",
        "sierra_net",
        "hso",
        "mhi_net",
        "mhi_wwan_mbim",
        "iosm",
        "mtk_t7xx",
        "bam-dmux",
        "ipa",
        "rmnet",
        "kalmia",
    };
    char path[SYSFS_PATH_SIZE], target[SYSFS_VALUE_SIZE];
    ssize_t n = readlink(sysfs_path(facts, "device/driver", path), target, sizeof(target) - 1);
    const char *slash;

    if (n <= 0)
        return false;
    target[n] = '\0';
    slash = strrchr(target, '/');
    return in_list(slash ? slash + 1 : target, drivers, ELEMENTSOF(drivers));
}

/* DEVTYPE= of uevent; "" for plain ethernet. */
static void read_devtype(const struct link_facts *facts, char *ret)
{
    char text[SYSFS_VALUE_SIZE], *line;

    ret[0] = '\0';
    sysfs_read(facts, "uevent", text);
    line = strstr(text, "DEVTYPE=");
    if (line)
        snprintf(ret, IF_NAME_SIZE, "%.*s", (int)strcspn(line + 8, "\n"), line + 8);
}

/* true and *ret when sysfs knows better than "some ethernet". */
static bool type_by_sysfs(const struct link_facts *facts, enum link_type *ret)
{
    char devtype[IF_NAME_SIZE];

    if (!sysfs_is_ours(facts))
        return false;
    read_devtype(facts, devtype);
    if (strcmp(devtype, "wlan") == 0 || sysfs_has(facts, "wireless") || sysfs_has(facts, "phy80211"))
        *ret = LINK_TYPE_WIFI;
    else if (strcmp(devtype, "wwan") == 0 || has_modem_driver(facts))
        *ret = LINK_TYPE_CELLULAR;
    else if (strcmp(devtype, "bridge") == 0)
        *ret = LINK_TYPE_BRIDGE;
    else if (strcmp(devtype, "gadget") == 0 || strcmp(devtype, "bluetooth") == 0)
        *ret = LINK_TYPE_OTHER;
    else
        return false;
    return true;
}

static enum link_type type_by_hardware(uint16_t hardware)
{
    switch (hardware) {
    case ARPHRD_ETHER:
        return LINK_TYPE_ETHERNET;
    case ARPHRD_PPP:
    case ARPHRD_RAWIP:
        return LINK_TYPE_CELLULAR;
    case ARPHRD_TUNNEL:
    case ARPHRD_TUNNEL6:
    case ARPHRD_SIT:
    case ARPHRD_IPGRE:
    case ARPHRD_IP6GRE:
        return LINK_TYPE_TUNNEL;
    case ARPHRD_IEEE80211:
        return LINK_TYPE_WIFI;
    default:
        return LINK_TYPE_OTHER;
    }
}

/* Names that vendors' drivers give to modem channels which say nothing else about themselves. */
static bool has_modem_name(const char *name)
{
    return strncmp(name, "rmnet", 5) == 0 || strncmp(name, "ccmni", 5) == 0;
}

enum link_type link_type_of(const struct link_facts *facts)
{
    enum link_type type;

    if (facts->hardware == ARPHRD_LOOPBACK)
        return LINK_TYPE_LOOPBACK;
    if (is_tunnel_kind(facts->kind))
        return LINK_TYPE_TUNNEL;
    if (strcmp(facts->kind, "bridge") == 0 || strcmp(facts->kind, "openvswitch") == 0)
        return LINK_TYPE_BRIDGE;
    if (strcmp(facts->kind, "veth") == 0)
        return facts->bridge_port && facts->peer_elsewhere ? LINK_TYPE_CONTAINER : LINK_TYPE_ETHERNET;
    if (is_cellular_kind(facts->kind))
        return LINK_TYPE_CELLULAR;
    if (is_other_kind(facts->kind))
        return LINK_TYPE_OTHER;
    if (type_by_sysfs(facts, &type))
        return type;
    if (has_modem_name(facts->name))
        return LINK_TYPE_CELLULAR;
    return type_by_hardware(facts->hardware);
}

bool link_may_wake(const struct link_facts *facts)
{
    char text[SYSFS_VALUE_SIZE];

    if (!sysfs_is_ours(facts))
        return false;
    sysfs_read(facts, "device/power/wakeup", text);
    return strcmp(text, "enabled\n") == 0;
}

bool link_wakes(const struct link_facts *facts)
{
    return link_may_wake(facts) && (link_type_of(facts) != LINK_TYPE_ETHERNET || wake_wired(facts->name));
}
