/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The services that mvpnd asks and tells when they run: which are there, and what comes of it where one is not. None is needed for a tunnel.
 */
#include "base/cleanup.h"
#include "ctl/check_room.h"
#include "ctl/client.h"
#include "sys/resolvfile.h"
#include "sys/resolvprog.h"

#include <string.h>

#define ANSWER_USEC SEC(2)

static void check_resolver(const struct check_run *run, bool resolved)
{
    char path[512];

    check_path(run, RESOLVFILE_PATH, path, sizeof(path));
    if (resolvfile_look(path) == RESOLVFILE_FOREIGN && resolvfile_is_resolveds(path)) {
        if (resolved)
            check_report(run, "name-servers", CHECK_PASS, NULL, "systemd-resolved is told the tunnel's name servers.");
        else
            check_report(run, "name-servers", CHECK_WARN, "Start it: 'systemctl enable --now systemd-resolved'.",
                RESOLVFILE_PATH " is systemd-resolved's, which does not run: no name can be resolved.");
    } else if (resolvprog_is_there(&RESOLVPROG_PATHS)) {
        check_report(run, "name-servers", CHECK_PASS, NULL, "resolvconf is told the tunnel's name servers.");
    } else {
        check_report(run, "name-servers", CHECK_PASS, NULL,
            RESOLVFILE_PATH " gets the tunnel's name servers%s, and is put back as it was when the VPN is disabled.",
            resolved ? " (as does systemd-resolved, which runs, but does not keep that file)" : "");
    }
}

static bool has_modem(const struct check_run *run)
{
    _cleanup_closedir_ DIR *dir = NULL;
    struct dirent *entry;
    char path[512];

    check_path(run, "/sys/class/wwan", path, sizeof(path));
    dir = opendir(path);
    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            return true;
    return false;
}

static void check_modem(const struct check_run *run, bool modem_manager)
{
    if (modem_manager)
        check_report(run, "roaming", CHECK_PASS, NULL, "ModemManager runs: it says whether a cellular link is roaming.");
    else if (run->settings && run->settings->policy.roaming_detect != ROAMING_DETECT_AUTO)
        check_report(run, "roaming", CHECK_PASS, NULL, "The configuration says whether a cellular link is roaming.");
    else if (has_modem(run))
        check_report(run, "roaming", CHECK_WARN, "Start it: 'systemctl enable --now ModemManager', or set [Roaming] Detect= to always or never.",
            "This device has a modem, but ModemManager does not run: roaming is not noticed.");
    else
        check_report(run, "roaming", CHECK_PASS, NULL, "No modem is known of, and no ModemManager is needed.");
}

void check_services(struct check_run *run)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    bool connected = client_connect(&bus) >= 0;

    if (connected)
        sd_bus_set_method_call_timeout(bus, ANSWER_USEC);
    check_resolver(run, connected && client_has_owner(bus, "org.freedesktop.resolve1"));
    check_modem(run, connected && client_has_owner(bus, "org.freedesktop.ModemManager1"));
    if (connected && client_has_owner(bus, "org.freedesktop.NetworkManager"))
        check_report(run, "network-manager", CHECK_PASS, NULL,
            "NetworkManager runs: it says which links are metered; its connectivity check is off while the VPN is enabled.");
    else
        check_report(run, "network-manager", CHECK_PASS, NULL, "NetworkManager does not run: cellular links count as metered.");
    if (connected && client_has_owner(bus, "org.freedesktop.login1"))
        check_report(run, "sleep", CHECK_PASS, NULL, "logind runs: it announces when the device goes to sleep.");
    else
        check_report(run, "sleep", CHECK_PASS, NULL, "logind does not run: that the device has slept is noticed when it wakes.");
}
