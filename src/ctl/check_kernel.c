/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel must be able to do: nftables with every expression of the largest ruleset, XFRM policies, policy routing by mark for both
 * families, TUN devices; and whether it could carry ESP. Tried out in a namespace, because only that tells.
 */
#include "base/cleanup.h"
#include "ctl/check_netlink.h"
#include "ctl/check_room.h"
#include "fw/fw.h"
#include "net/net.h"

#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* ---- firewall ---- */

static struct ip_addr addr_of(const char *text)
{
    struct ip_addr addr = { .family = 0 };

    ip_addr_parse(text, &addr);
    return addr;
}

/* Addresses for documentation (RFC 5737, RFC 3849): nothing is sent to them. */
static void fill_peers(struct lockdown_peer *peers, uint32_t *n, uint16_t port)
{
    peers[0] = (struct lockdown_peer){ .addr = addr_of("192.0.2.1"), .port = port };
    peers[1] = (struct lockdown_peer){ .addr = addr_of("2001:db8::1"), .port = port };
    *n = 2;
}

/* Every exception open at once: what this kernel takes, it takes in every state. */
static void fill_largest_lockdown(struct lockdown *ret)
{
    *ret = (struct lockdown){ .active = true,
        .mark = 0x4d56,
        .interface = "mvpn0",
        .tunnel_up = true,
        .allow_usb = true,
        .n_cellular_services = 1,
        .cellular_services = { "wwan9" },
        .n_lan = 2,
        .n_tunnel_addrs = 2 };
    fill_peers(ret->gateways, &ret->n_gateways, 0);
    fill_peers(ret->resolvers, &ret->n_resolvers, 53);
    fill_peers(ret->fetches, &ret->n_fetches, 80);
    fill_peers(ret->probes, &ret->n_probes, PROBE_SERVER_PORT);
    ip_prefix_parse("192.168.0.0/16", &ret->lan[0]);
    ip_prefix_parse("fd00::/8", &ret->lan[1]);
    ret->tunnel_addrs[0] = addr_of("192.0.2.9");
    ret->tunnel_addrs[1] = addr_of("2001:db8::9");
}

static int try_firewall(const void *argument, char *error, size_t size)
{
    struct lockdown lockdown;
    struct fw *fw;
    int r = fw_new(&fw);

    (void)argument;
    if (r < 0)
        return r;
    fill_largest_lockdown(&lockdown);
    r = fw_apply(fw, &lockdown);
    if (r == 0 && fw_is_installed(fw) != 1)
        r = -EIO;
    if (r < 0)
        snprintf(error, size, "%s", fw_error(fw) ? fw_error(fw) : "");
    fw_free(fw);
    return r;
}

static void check_nftables(const struct check_run *run)
{
    char error[400];
    int r = check_in_namespace(try_firewall, NULL, error, sizeof(error));
    const char *advice = "mvpn needs nftables (NF_TABLES, NF_TABLES_INET, NFT_CT, NFT_REJECT, NFT_FIB): use "
                         "a kernel that has it; 'enable' refuses without.";

    if (check_report_untried(run, "nftables", r))
        return;
    if (r == 0)
        check_report(run, "nftables", CHECK_PASS, NULL, "This kernel takes the whole ruleset of lockdown.");
    else if (r == -EOPNOTSUPP || r == -ECHILD)
        check_report(run, "nftables", CHECK_FAIL, advice, "This kernel has no nftables.");
    else
        check_report(run, "nftables", CHECK_FAIL, advice, "This kernel does not take lockdown's ruleset: %s.",
            error[0] ? error : strerror(-r));
}

static int try_policies(const void *argument, char *error, size_t size)
{
    struct lockdown lockdown;
    struct fw *fw;
    int r = fw_new(&fw);

    (void)argument, (void)error, (void)size;
    if (r < 0)
        return 0; /* no nftables: told already */
    fill_largest_lockdown(&lockdown);
    r = fw_apply(fw, &lockdown);
    if (r == 0)
        r = fw_policies_result(fw);
    fw_free(fw);
    return r;
}

static void check_policies(const struct check_run *run)
{
    const char *advice = "Use a kernel with XFRM_USER. Without, a program that binds a socket to an interface may get a packet out "
                         "in the moment between another program's flush of the firewall and mvpnd's repair.";
    char error[64];
    int r = check_in_namespace(try_policies, NULL, error, sizeof(error));

    if (check_report_untried(run, "xfrm-policies", r))
        return;
    if (r == 0)
        check_report(run, "xfrm-policies", CHECK_PASS, NULL, "This kernel takes lockdown's third layer, XFRM policies.");
    else if (r == -EOPNOTSUPP)
        check_report(run, "xfrm-policies", CHECK_WARN, advice, "This kernel has no XFRM: lockdown's third layer is absent.");
    else
        check_report(run, "xfrm-policies", CHECK_WARN, advice, "This kernel does not take lockdown's third layer, XFRM policies: %s.", strerror(-r));
}

/* table, policies: are they in the kernel? Negative: not known, or this kernel does not have the like. */
static void report_policies(const struct check_run *run, int table, int policies)
{
    if (table == 1 && policies == 0)
        check_report(run, "xfrm-policies", CHECK_WARN, "Restart mvpnd; its journal says why they are not there.",
            "Lockdown is in place without its XFRM policies.");
    else if (table == 0 && policies == 1)
        check_report(run, "xfrm-policies", CHECK_FAIL, "If the VPN is meant to be off, run 'mvpnctl disable' as root.",
            "XFRM policies of mvpn's block the internet, but its firewall table is not there.");
    else if (table == 1 && policies == 1)
        check_report(run, "xfrm-policies", CHECK_PASS, NULL, "Lockdown's XFRM policies are in place.");
}

static void check_installed(struct check_run *run)
{
    struct fw *fw;
    int r;

    if (fw_new(&fw) < 0)
        return;
    r = fw_is_installed(fw);
    report_policies(run, r, fw_has_policies(fw));
    fw_free(fw);
    run->lockdown_installed = r == 1;
    if (r == 1 && run->daemon.runs && !run->daemon.enabled)
        check_report(run, "lockdown", CHECK_FAIL, "Run 'mvpnctl disable' again as root.",
            "Lockdown is in place although the VPN is off.");
    else if (r == 0 && run->daemon.runs && run->daemon.enabled)
        check_report(run, "lockdown", CHECK_FAIL,
            "Restart mvpnd; its journal says why the table is not there.",
            "The VPN is on, but lockdown is not in place.");
    else if (r >= 0)
        check_report(run, "lockdown", CHECK_PASS, NULL,
            r ? "Lockdown is in place." : "Lockdown is not in place; the internet is open.");
}

/* ---- policy routing ---- */

struct rule_request {
    struct nlmsghdr header;
    struct fib_rule_hdr rule;
    char attributes[64];
};

static void add_u32(struct nlmsghdr *header, unsigned short type, uint32_t value)
{
    struct rtattr *attr = (struct rtattr *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));

    attr->rta_type = type;
    attr->rta_len = RTA_LENGTH(sizeof(value));
    memcpy(RTA_DATA(attr), &value, sizeof(value));
    header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(attr->rta_len);
}

static int try_rule(const void *argument, char *error, size_t size)
{
    struct rule_request request = {
        .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct fib_rule_hdr)),
            .nlmsg_type = RTM_NEWRULE,
            .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL },
        .rule = { .family = *(const uint8_t *)argument == 4 ? AF_INET : AF_INET6, .action = FR_ACT_TO_TBL },
    };

    (void)error, (void)size;
    add_u32(&request.header, FRA_PRIORITY, 5100);
    add_u32(&request.header, FRA_FWMARK, 0x4d56);
    add_u32(&request.header, FRA_TABLE, 19799);
    return check_netlink_request(NETLINK_ROUTE, &request.header);
}

static void check_policy_routing(const struct check_run *run)
{
    static const uint8_t families[] = { 4, 6 };
    char error[64];
    bool ipv6 = check_exists(run, "/proc/net/if_inet6");

    for (size_t i = 0; i < ELEMENTSOF(families); i++) {
        int r =
            families[i] == 4 || ipv6 ? check_in_namespace(try_rule, &families[i], error, sizeof(error)) : 0;

        if (check_report_untried(run, "policy-routing", r))
            return;
        if (r < 0) {
            check_report(run, "policy-routing", CHECK_FAIL,
                "Use a kernel with IP_MULTIPLE_TABLES and IPV6_MULTIPLE_TABLES.",
                "This kernel has no policy routing for IPv%u (%s).", families[i], strerror(-r));
            return;
        }
    }
    check_report(
        run, "policy-routing", CHECK_PASS, NULL, "Rules by mark work%s.", ipv6 ? " for IPv4 and IPv6" : "");
}

static void check_ipv6(const struct check_run *run)
{
    char disabled[8];

    check_read(run, "/proc/sys/net/ipv6/conf/all/disable_ipv6", disabled, sizeof(disabled));
    if (!check_exists(run, "/proc/net/if_inet6"))
        check_report(run, "ipv6", CHECK_WARN, "Use a kernel with IPV6 if it is needed.",
            "This kernel has no IPv6: neither networks that have only IPv6 nor IPv6 in the tunnel will "
            "work.");
    else if (disabled[0] == '1')
        check_report(run, "ipv6", CHECK_WARN,
            "Set net.ipv6.conf.all.disable_ipv6=0 if it is needed; mvpn leaks no IPv6.",
            "IPv6 is switched off on this device: neither networks that have only IPv6 nor IPv6 in the "
            "tunnel will work.");
    else
        check_report(run, "ipv6", CHECK_PASS, NULL, "IPv6 is there.");
}

/* ---- tunnel device ---- */

static int try_tun(const void *argument, char *error, size_t size)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    _cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    (void)argument, (void)error, (void)size;
    if (fd < 0)
        return -errno;
    snprintf(request.ifr_name, sizeof(request.ifr_name), "mvpn-try");
    return ioctl(fd, TUNSETIFF, &request) < 0 ? -errno : 0;
}

static void check_tun(const struct check_run *run)
{
    char error[64];
    int r = check_in_namespace(try_tun, NULL, error, sizeof(error));

    if (check_report_untried(run, "tun", r == -EACCES && run->user != 0 ? -EPERM : r))
        return;
    if (r == 0)
        check_report(run, "tun", CHECK_PASS, NULL, "Tunnel devices can be made.");
    else
        check_report(run, "tun", CHECK_FAIL,
            "Load the module ('modprobe tun'), use a kernel with TUN, or let the container have "
            "/dev/net/tun.",
            "No tunnel device can be made: /dev/net/tun: %s.", strerror(-r));
}

/* ---- data path ---- */

static int try_kernel_esp(const void *argument, char *error, size_t size)
{
    struct kernel_esp can;
    int r = net_probe_kernel_esp(&can);

    (void)argument;
    if (r < 0)
        return r;
    kernel_esp_missing(&can, error, size);
    if (error[0])
        return -EOPNOTSUPP;
    snprintf(error, size, "%s", offload_sentence(offload_judge(can.release)));
    return 0;
}

/* DataPath=user needs nothing of the kernel; with auto it is good to know, and no fault. */
static void check_data_path(const struct check_run *run)
{
    enum data_path wish = run->settings ? run->settings->data_path : DATA_PATH_AUTO;
    char missing[400]; /* or what else is to be said */
    int r = check_in_namespace(try_kernel_esp, NULL, missing, sizeof(missing));

    if (check_report_untried(run, "data-path", r))
        return;
    if (wish == DATA_PATH_USER)
        check_report(run, "data-path", CHECK_PASS, NULL, "ESP runs in user space, as configured%s.",
            r == 0 ? "; this kernel could do it as well" : "");
    else if (r == 0)
        check_report(run, "data-path", CHECK_PASS, NULL, "ESP runs in the kernel, which has all that it needs. %s", missing);
    else if (wish == DATA_PATH_KERNEL)
        check_report(run, "data-path", CHECK_FAIL, "Use a kernel with it, or set DataPath=auto.",
            "DataPath=kernel is not possible: this kernel lacks %s.", missing[0] ? missing : strerror(-r));
    else
        check_report(run, "data-path", CHECK_PASS, NULL, "ESP runs in user space: this kernel lacks %s.",
            missing[0] ? missing : strerror(-r));
}

void check_kernel(struct check_run *run)
{
    check_nftables(run);
    check_policies(run);
    check_installed(run);
    check_policy_routing(run);
    check_ipv6(run);
    check_tun(run);
    check_data_path(run);
}
