/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disable with a dead daemon: whoever has root must always be able to get the internet back. Removes firewall and routing first, each even
 * when the other fails, then puts back name servers and NetworkManager's connectivity check, and records "disabled" last, so that a full disk
 * cannot keep the internet closed.
 */
#include "ctl/client.h"
#include "ctl/ctl.h"

#include "fw/fw.h"
#include "net/net.h"
#include "store/store.h"
#include "sys/nmcheck.h"
#include "sys/resolvfile.h"
#include "sys/resolvprog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where the configuration cannot be read, the defaults are what mvpnd would have used. */
static void read_names(const struct settings_paths *paths, struct routing *ret)
{
    struct settings_error error;
    struct settings *settings = NULL;

    *ret = (struct routing){ .active = false, .mark = 0x4d56, .interface = "mvpn0" };
    if (settings_load(paths, &settings, &error) < 0)
        return;
    ret->mark = settings->policy.mark;
    memcpy(ret->interface, settings->policy.interface, sizeof(ret->interface));
    settings_free(settings);
}

static int remove_firewall(void)
{
    struct lockdown nothing = { .active = false };
    struct fw *fw;
    int r;

    r = fw_new(&fw);
    if (r == -EOPNOTSUPP)
        return 0; /* no nftables, so no ruleset of ours */
    if (r < 0) {
        complain("the firewall cannot be reached: %s", strerror(-r));
        return r;
    }
    r = fw_apply(fw, &nothing);
    if (r < 0)
        complain("the firewall could not be removed: %s. 'nft delete table inet mvpn' and 'ip xfrm policy flush' do it by hand.",
            fw_error(fw));
    fw_free(fw);
    return r;
}

static int remove_routing(const struct settings_paths *paths)
{
    struct routing nothing;
    struct net *net;
    int r;

    read_names(paths, &nothing);
    r = net_new(nothing.interface, paths->runtime_dir, &net);
    if (r >= 0) {
        r = net_apply(net, &nothing);
        net_free(net);
    }
    if (r < 0)
        complain(
            "rules and routes could not be removed: %s. A restart of the device removes them.", strerror(-r));
    return r;
}

/* Both ways: which of them it was is known by what each left behind. */
static int restore_names(const struct settings_paths *paths)
{
    int file = resolvfile_restore(RESOLVFILE_PATH);
    int program = resolvprog_restore(&RESOLVPROG_PATHS, paths->runtime_dir);

    if (file < 0)
        complain(RESOLVFILE_PATH " could not be put back as it was: %s. The old one may be beside it, as .mvpn-saved.", strerror(-file));
    if (program < 0)
        complain("resolvconf could not be told that the tunnel's name servers are gone: %s", strerror(-program));
    return file < 0 ? file : program;
}

/* NetworkManager that does not run keeps the switch, and so do we: mvpnd puts it back when it next starts. */
static void restore_check(const struct settings_paths *paths)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_message_ sd_bus_message *call = NULL;

    if (!nmcheck_is_remembered(paths->state_dir) || client_connect(&bus) < 0)
        return;
    if (sd_bus_message_new_method_call(bus, &call, "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager",
            "org.freedesktop.DBus.Properties", "Set") >= 0 &&
        sd_bus_message_append(call, "ssv", "org.freedesktop.NetworkManager", "ConnectivityCheckEnabled", "b", true) >= 0 &&
        sd_bus_message_set_auto_start(call, false) >= 0 && sd_bus_call(bus, call, SEC(3), NULL, NULL) >= 0)
        nmcheck_forget(paths->state_dir);
}

static int record_disabled(const struct settings_paths *paths)
{
    struct store_record record = { 0 };
    struct store *store;
    int r;

    r = store_open(paths->state_dir, &store);
    if (r < 0)
        return r;
    if (store_load(store, &record) < 0)
        record.newest_time_sec = 0; /* damaged: what counts is what is written now */
    record.known = true;
    record.enabled = false;
    r = store_save(store, &record);
    store_free(store);
    return r;
}

enum ctl_exit offline_disable(const struct settings_paths *paths)
{
    int firewall, routing, names, record;

    if (geteuid() != 0) {
        complain(
            "mvpnd is not running, and without it only root can switch the VPN off: 'sudo mvpnctl disable'.");
        return CTL_NOT_RUNNING;
    }
    firewall = remove_firewall();
    routing = remove_routing(paths);
    names = restore_names(paths);
    restore_check(paths);
    record = record_disabled(paths);
    if (record < 0)
        complain("that the VPN is off could not be recorded in %s: %s. %s", paths->state_dir,
            strerror(-record),
            firewall < 0 || routing < 0
                ? ""
                : "The internet is open now, but mvpnd will switch it on again when it starts.");
    if (firewall < 0 || routing < 0 || names < 0 || record < 0)
        return CTL_FAILED;
    fputs("mvpnd is not running; its firewall, rules and routes were removed and the VPN is off.\n", stderr);
    return CTL_DONE;
}

void offline_explain(void)
{
    struct fw *fw;

    if (geteuid() != 0 || fw_new(&fw) < 0)
        return;
    if (fw_is_installed(fw) > 0 || fw_has_policies(fw) > 0)
        complain("the internet stays blocked meanwhile; 'mvpnctl disable' opens it.");
    fw_free(fw);
}
