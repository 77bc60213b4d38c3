/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts under one face. How what two services say of one link goes together stands here, in refine(); each part knows only its service.
 */
#include "sys/sys.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "sys/dns.h"
#include "sys/modem.h"
#include "sys/nm.h"
#include "sys/resolvfile.h"
#include "sys/sleep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

struct sys {
    const struct sys_ops *ops;
    void *userdata;
    struct dns_paths dns_paths;
    struct modems *modems;
    struct nm *nm;
    struct sleep *sleep;
    struct dns_setup *dns;
};

static void on_change(void *userdata)
{
    struct sys *sys = userdata;

    sys->ops->links_changed(sys->userdata);
}

static void on_suspend(void *userdata)
{
    struct sys *sys = userdata;

    sys->ops->suspend(sys->userdata);
}

static void on_resume(void *userdata)
{
    struct sys *sys = userdata;

    sys->ops->resume(sys->userdata);
}

static void on_say(void *userdata, int priority, const char *text)
{
    struct sys *sys = userdata;

    sys->ops->say(sys->userdata, priority, text);
}

static const struct sleep_ops sleep_ops = { .suspend = on_suspend, .resume = on_resume };

int sys_new(struct sd_event *loop, const struct sys_options *options, const struct sys_ops *ops, void *userdata, struct sys **ret)
{
    struct sys *sys = calloc(1, sizeof(*sys));
    int r;

    if (!sys)
        return -ENOMEM;
    sys->ops = ops;
    sys->userdata = userdata;
    sys->dns_paths = (struct dns_paths){ RESOLVFILE_PATH, options->runtime_dir, &RESOLVPROG_PATHS };
    r = modems_new(on_change, sys, &sys->modems);
    if (r >= 0)
        r = nm_new(options->state_dir, on_change, sys, &sys->nm);
    if (r >= 0)
        r = sleep_new(&sleep_ops, sys, &sys->sleep);
    if (r >= 0)
        r = dns_setup_new(loop, &sys->dns_paths, on_say, sys, &sys->dns);
    if (r < 0) {
        sys_free(sys);
        return r;
    }
    *ret = sys;
    return 0;
}

void sys_free(struct sys *sys)
{
    if (!sys)
        return;
    dns_setup_free(sys->dns);
    sleep_free(sys->sleep);
    nm_free(sys->nm);
    modems_free(sys->modems);
    free(sys);
}

void sys_set_bus(struct sys *sys, struct sd_bus *bus)
{
    int r = modems_set_bus(sys->modems, bus);

    r = nm_set_bus(sys->nm, bus) < 0 ? -EIO : r;
    r = sleep_set_bus(sys->sleep, bus) < 0 ? -EIO : r;
    r = dns_setup_set_bus(sys->dns, bus) < 0 ? -EIO : r;
    if (r < 0)
        on_say(sys, LOG_WARNING, "Not every service on D-Bus can be asked: no memory, or the bus is going away.");
}

/* Printable, and without what separates the parts. */
static bool is_plain(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == ',')
            return false;
    return true;
}

static void name_network(const struct modem_info *modem, struct link *link)
{
    struct strbuf name;

    if (!modem->registered || !modem->operator[0] || !is_plain(modem->apn))
        return;
    memset(link->network, 0, sizeof(link->network));
    strbuf_init(&name, link->network, sizeof(link->network));
    strbuf_add(&name, "cellular:%s,%s,%s", modem->operator, modem->apn, modem->roaming ? "roaming" : "home");
}

static void refine(const struct sys *sys, struct link *link)
{
    struct modem_info modem;

    if (link->type > LINK_TYPE_OTHER)
        return;
    if (modems_find(sys->modems, link->name, &modem)) {
        link->type = LINK_TYPE_CELLULAR; /* many modems look like Ethernet */
        link->wake_on_incoming = link->wakeup_enabled; /* and have nothing like Wake-on-LAN: each packet wakes */
        link->roaming = modem.roaming;
        if (modem.signal_percent != LINK_SIGNAL_UNKNOWN)
            link->signal_percent = modem.signal_percent;
        name_network(&modem, link);
    }
    switch (nm_metered(sys->nm, link->name)) {
    case NM_METERED_YES:
        link->metered = true;
        break;
    case NM_METERED_NO:
        link->metered = false;
        break;
    case NM_METERED_UNKNOWN:
        link->metered |= link->type == LINK_TYPE_CELLULAR;
        break;
    }
}

void sys_refine_links(struct sys *sys, struct link_set *links)
{
    nm_follow(sys->nm, links);
    for (uint32_t i = 0; i < links->n_links; i++)
        refine(sys, &links->links[i]);
}

void sys_set_dns(struct sys *sys, const struct dns *dns)
{
    dns_setup_set(sys->dns, dns);
}

void sys_set_character(struct sys *sys, const struct character *character)
{
    nm_set_character(sys->nm, character);
}

void sys_tunnel_made(struct sys *sys)
{
    dns_setup_tunnel_made(sys->dns);
    nm_tunnel_made(sys->nm);
}

void sys_sleep_ready(struct sys *sys)
{
    sleep_ready(sys->sleep);
}

void sys_compare_clocks(struct sys *sys)
{
    usec_t monotonic_usec = clock_monotonic_usec();

    sleep_compare(sys->sleep, clock_boottime_usec(), monotonic_usec);
}
