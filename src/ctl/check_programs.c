/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other VPN software that runs in our network namespace, VPNs of NetworkManager, and firewalls that are managed by a program of their own.
 */
#include "base/cleanup.h"
#include "ctl/check_room.h"
#include "ctl/client.h"

#include <ctype.h>
#include <string.h>

#define ANSWER_USEC SEC(2)

/* Names as in /proc/PID/comm (at most 15 characters). */
static const struct {
    const char *command, *what;
} vpn_programs[] = {
    { "charon", "strongSwan" },
    { "charon-systemd", "strongSwan" },
    { "charon-nm", "strongSwan (NetworkManager)" },
    { "pluto", "libreswan" },
    { "iked", "OpenIKED" },
    { "racoon", "racoon" },
    { "openvpn", "OpenVPN" },
    { "openconnect", "OpenConnect" },
    { "vpnc", "vpnc" },
    { "xl2tpd", "xl2tpd" },
    { "pptp", "PPTP" },
    { "openfortivpn", "openfortivpn" },
    { "tailscaled", "Tailscale" },
    { "zerotier-one", "ZeroTier" },
    { "wireguard-go", "WireGuard" },
    { "mullvad-daemon", "Mullvad" },
    { "nordvpnd", "NordVPN" },
    { "warp-svc", "Cloudflare WARP" },
    { "nebula", "Nebula" },
    { "tincd", "tinc" },
};

/* Containers and labs: a program in another network namespace is none of our business. */
static bool same_namespace(const struct check_run *run, const char *pid)
{
    char path[512], inside[64], ours[64], theirs[64];
    ssize_t n_ours, n_theirs;

    snprintf(inside, sizeof(inside), "/proc/%s/ns/net", pid);
    check_path(run, inside, path, sizeof(path));
    n_theirs = readlink(path, theirs, sizeof(theirs));
    check_path(run, "/proc/self/ns/net", path, sizeof(path));
    n_ours = readlink(path, ours, sizeof(ours));
    return n_theirs < 0 || n_ours < 0 || (n_ours == n_theirs && memcmp(ours, theirs, (size_t)n_ours) == 0);
}

static const char *vpn_of_process(const struct check_run *run, const char *pid)
{
    char path[64], command[32];

    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    check_read(run, path, command, sizeof(command));
    command[strcspn(command, "\n")] = '\0';
    for (size_t i = 0; i < ELEMENTSOF(vpn_programs); i++)
        if (strcmp(command, vpn_programs[i].command) == 0)
            return same_namespace(run, pid) ? vpn_programs[i].what : NULL;
    return NULL;
}

static unsigned check_processes(const struct check_run *run)
{
    _cleanup_closedir_ DIR *dir = NULL;
    const char *seen[ELEMENTSOF(vpn_programs)];
    unsigned n_seen = 0;
    struct dirent *entry;
    char path[512];

    check_path(run, "/proc", path, sizeof(path));
    dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        const char *what = isdigit((unsigned char)entry->d_name[0]) && strlen(entry->d_name) <= 10
                               ? vpn_of_process(run, entry->d_name)
                               : NULL;
        bool known = false;

        for (unsigned i = 0; what && i < n_seen; i++)
            known |= seen[i] == what;
        if (!what || known || n_seen == ELEMENTSOF(seen))
            continue;
        seen[n_seen++] = what;
        check_report(run, "other-vpn", CHECK_WARN,
            "Stop and disable it, or take its connections away: two VPNs fight for routes, and lockdown "
            "blocks its packets.",
            "%s runs (process %s).", what, entry->d_name);
    }
    return n_seen;
}

/* ---- services on D-Bus ---- */

static unsigned check_nm_connection(const struct check_run *run, sd_bus *bus, const char *path)
{
    static const char interface[] = "org.freedesktop.NetworkManager.Connection.Active";
    char *id = NULL, *type = NULL;
    int vpn = 0;
    unsigned n = 0;

    sd_bus_get_property_trivial(
        bus, "org.freedesktop.NetworkManager", path, interface, "Vpn", NULL, 'b', &vpn);
    sd_bus_get_property_string(bus, "org.freedesktop.NetworkManager", path, interface, "Id", NULL, &id);
    sd_bus_get_property_string(bus, "org.freedesktop.NetworkManager", path, interface, "Type", NULL, &type);
    if (vpn || (type && strcmp(type, "wireguard") == 0)) {
        check_report(run, "other-vpn", CHECK_WARN,
            "Take it down ('nmcli connection down') and switch off its automatic connecting.",
            "NetworkManager has a VPN up: %s.", id ? id : "unnamed");
        n = 1;
    }
    free(id);
    free(type);
    return n;
}

static unsigned check_network_manager(const struct check_run *run, sd_bus *bus)
{
    _cleanup_message_ sd_bus_message *reply = NULL;
    const char *path;
    unsigned n = 0;

    if (sd_bus_get_property(bus, "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager",
            "org.freedesktop.NetworkManager", "ActiveConnections", NULL, &reply, "ao") < 0 ||
        sd_bus_message_enter_container(reply, 'a', "o") < 0)
        return 0;
    while (sd_bus_message_read(reply, "o", &path) > 0)
        n += check_nm_connection(run, bus, path);
    return n;
}

static void check_firewall_services(const struct check_run *run, bool firewalld)
{
    char text[4096];

    if (firewalld)
        check_report(run, "firewall-service", CHECK_WARN,
            "Let it trust the tunnel's interface ('firewall-cmd --permanent --zone=trusted "
            "--add-interface=mvpn0', then '--reload').",
            "firewalld runs: it cannot open what mvpn closes, but it may reject what comes in through the "
            "tunnel.");
    check_read(run, "/etc/ufw/ufw.conf", text, sizeof(text));
    if (strstr(text, "\nENABLED=yes") || strncmp(text, "ENABLED=yes", 11) == 0)
        check_report(run, "firewall-service", CHECK_WARN,
            "Let it pass the tunnel ('ufw allow in on mvpn0', 'ufw allow out on mvpn0').",
            "ufw is on: it cannot open what mvpn closes, but it may block what comes in through the tunnel.");
    check_read(run, "/etc/nftables.conf", text, sizeof(text));
    if (strstr(text, "flush ruleset") &&
        check_exists(run, "/etc/systemd/system/sysinit.target.wants/nftables.service"))
        check_report(run, "firewall-service", CHECK_WARN,
            "Replace 'flush ruleset' by 'delete table' for the tables of that file; mvpnd repairs its table "
            "at once, but only while it runs.",
            "nftables.service is enabled and its /etc/nftables.conf says 'flush ruleset', which throws "
            "lockdown's table away, too.");
}

void check_programs(struct check_run *run)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    unsigned n_vpns = check_processes(run);
    bool firewalld = false;

    if (client_connect(&bus) >= 0) {
        sd_bus_set_method_call_timeout(bus, ANSWER_USEC);
        firewalld = client_has_owner(bus, "org.fedoraproject.FirewallD1");
        if (client_has_owner(bus, "org.freedesktop.NetworkManager"))
            n_vpns += check_network_manager(run, bus);
    }
    if (n_vpns == 0)
        check_report(run, "other-vpn", CHECK_PASS, NULL, "No other VPN program runs.");
    check_firewall_services(run, firewalld);
}
