/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolved and the file are told independently: which of them programs ask is decided by the file, and it may change under us.
 *
 * The file, once ours, is watched as an inode, so that only a change of itself wakes anybody. What a DHCP client or NetworkManager puts in its
 * place becomes what will be put back, and ours is written again; one that answers each time at once is given the file after some rounds.
 */
#include "sys/dns.h"

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "sys/resolvfile.h"
#include "sys/service.h"

#include <net/if.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <syslog.h>

#define RESOLVED         "org.freedesktop.resolve1"
#define RESOLVED_PATH    "/org/freedesktop/resolve1"
#define RESOLVED_MANAGER RESOLVED ".Manager"
#define FIGHT_USEC       SEC(10)
#define FIGHT_ROUNDS     8

struct dns_setup {
    sd_event *loop;
    const struct dns_paths *paths;
    dns_say say;
    void *userdata;
    struct dns wanted;
    struct service resolved;
    sd_bus_slot *calls[4]; /* of RESOLVED_CALLS */
    int told_ifindex; /* resolved knows of this interface; 0: nothing was told */
    struct resolvprog *program;
    sd_event_source *watch; /* of our file; NULL: it is not ours */
    usec_t round_at_usec; /* when the present counting began */
    uint32_t n_rounds;
};

static void say_failure(struct dns_setup *setup, const char *what, const char *why)
{
    char text[512];

    snprintf(text, sizeof(text), "%s: %s", what, why);
    setup->say(setup->userdata, LOG_WARNING, text);
}

/* ---- systemd-resolved ---- */

static int on_resolved_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    const sd_bus_error *e = sd_bus_message_get_error(reply);

    (void)error;
    if (e && !sd_bus_error_has_name(e, RESOLVED ".NoSuchLink") && !sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY))
        say_failure(userdata, "systemd-resolved refuses the tunnel's name servers", e->message ? e->message : e->name);
    return 0;
}

static int append_servers(sd_bus_message *call, const struct dns *dns)
{
    int r = sd_bus_message_open_container(call, 'a', "(iay)");

    for (uint32_t i = 0; r >= 0 && i < dns->n_servers; i++) {
        const struct ip_addr *addr = &dns->servers[i];

        r = sd_bus_message_open_container(call, 'r', "iay");
        r = r < 0 ? r : sd_bus_message_append(call, "i", addr->family == 4 ? AF_INET : AF_INET6);
        r = r < 0 ? r : sd_bus_message_append_array(call, 'y', addr->bytes, ip_addr_size(addr->family));
        r = r < 0 ? r : sd_bus_message_close_container(call);
    }
    return r < 0 ? r : sd_bus_message_close_container(call);
}

/* The flag: a domain that only says which names are asked here, and is completed to none. "." stands for all of them. */
static int append_domains(sd_bus_message *call, const struct dns *dns)
{
    int r = sd_bus_message_open_container(call, 'a', "(sb)");

    for (uint32_t i = 0; r >= 0 && i < dns->n_domains; i++)
        r = sd_bus_message_append(call, "(sb)", dns->domains[i], false);
    if (r >= 0 && dns->everything)
        r = sd_bus_message_append(call, "(sb)", ".", true);
    return r < 0 ? r : sd_bus_message_close_container(call);
}

static int append_default_route(sd_bus_message *call, const struct dns *dns)
{
    return sd_bus_message_append(call, "b", dns->everything);
}

static int append_nothing(sd_bus_message *call, const struct dns *dns)
{
    (void)call, (void)dns;
    return 0;
}

static int tell_resolved(struct dns_setup *setup, sd_bus_slot **slot, const char *member, int ifindex,
    int (*append)(sd_bus_message *call, const struct dns *dns))
{
    sd_bus_message *call = NULL;
    int r = service_new_call(&setup->resolved, &call, RESOLVED_PATH, RESOLVED_MANAGER, member);

    r = r < 0 ? r : sd_bus_message_append(call, "i", ifindex);
    r = r < 0 ? r : append(call, &setup->wanted);
    r = r < 0 ? r : service_send(&setup->resolved, slot, call, on_resolved_answer, setup);
    sd_bus_message_unref(call);
    return r;
}

static void apply_resolved(struct dns_setup *setup)
{
    int ifindex = setup->wanted.active ? (int)if_nametoindex(setup->wanted.interface) : 0;

    if (!setup->resolved.owner)
        return;
    if (ifindex == 0) {
        if (setup->told_ifindex != 0)
            (void)tell_resolved(setup, &setup->calls[0], "RevertLink", setup->told_ifindex, append_nothing);
        setup->told_ifindex = 0;
        return;
    }
    setup->told_ifindex = ifindex;
    if (tell_resolved(setup, &setup->calls[1], "SetLinkDNS", ifindex, append_servers) < 0 ||
        tell_resolved(setup, &setup->calls[2], "SetLinkDomains", ifindex, append_domains) < 0 ||
        tell_resolved(setup, &setup->calls[3], "SetLinkDefaultRoute", ifindex, append_default_route) < 0)
        say_failure(setup, "systemd-resolved cannot be told of the tunnel's name servers", "no memory, or no bus");
}

static void drop_calls(struct dns_setup *setup)
{
    for (size_t i = 0; i < sizeof(setup->calls) / sizeof(setup->calls[0]); i++)
        setup->calls[i] = sd_bus_slot_unref(setup->calls[i]);
}

static void on_resolved(void *userdata, bool present)
{
    struct dns_setup *setup = userdata;

    drop_calls(setup);
    setup->told_ifindex = 0; /* a new one knows nothing */
    if (present)
        apply_resolved(setup);
}

/* ---- the file ---- */

static void write_file(struct dns_setup *setup);

static bool is_fight(struct dns_setup *setup)
{
    usec_t now_usec = clock_boottime_usec();

    if (usec_sub(now_usec, setup->round_at_usec) > FIGHT_USEC) {
        setup->round_at_usec = now_usec;
        setup->n_rounds = 0;
    }
    return ++setup->n_rounds > FIGHT_ROUNDS;
}

static int on_file(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
    struct dns_setup *setup = userdata;

    (void)source, (void)event;
    if (resolvfile_look(setup->paths->resolv_conf) == RESOLVFILE_OURS)
        return 0; /* read, or touched */
    setup->watch = sd_event_source_disable_unref(setup->watch);
    if (is_fight(setup))
        say_failure(setup, setup->paths->resolv_conf,
            "another program writes it again and again; it is left to that program, and names may not be found. Stop it, or install systemd-resolved.");
    else if (!resolvfile_is_resolveds(setup->paths->resolv_conf))
        write_file(setup);
    return 0;
}

static void write_file(struct dns_setup *setup)
{
    int r;

    setup->watch = sd_event_source_disable_unref(setup->watch); /* our own change is no news */
    r = resolvfile_write(setup->paths->resolv_conf, &setup->wanted);
    if (r < 0) {
        say_failure(setup, "The tunnel's name servers could not be written to /etc/resolv.conf", strerror(-r));
        return;
    }
    (void)sd_event_add_inotify(setup->loop, &setup->watch, setup->paths->resolv_conf,
        IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_DONT_FOLLOW, on_file, setup);
}

static void restore_file(struct dns_setup *setup)
{
    int r;

    setup->watch = sd_event_source_disable_unref(setup->watch);
    if (resolvfile_look(setup->paths->resolv_conf) == RESOLVFILE_EDITED)
        say_failure(setup, setup->paths->resolv_conf,
            "somebody has edited what mvpn wrote there, so it stays; the file from before is beside it, as .mvpn-saved.");
    r = resolvfile_restore(setup->paths->resolv_conf);
    if (r < 0)
        say_failure(setup, "/etc/resolv.conf could not be put back as it was", strerror(-r));
}

static void on_program_failed(void *userdata, int status)
{
    char text[64];

    snprintf(text, sizeof(text), "it ended with %d", status);
    say_failure(userdata, "resolvconf does not take the tunnel's name servers", text);
}

static void apply_file(struct dns_setup *setup)
{
    const char *path = setup->paths->resolv_conf;

    if (!setup->wanted.active || (resolvfile_look(path) == RESOLVFILE_FOREIGN && resolvfile_is_resolveds(path))) {
        resolvprog_set(setup->program, NULL);
        restore_file(setup);
    } else if (resolvprog_is_there(setup->paths->program)) {
        resolvprog_set(setup->program, &setup->wanted);
    } else {
        write_file(setup);
    }
}

/* ---- the face ---- */

int dns_setup_new(sd_event *loop, const struct dns_paths *paths, dns_say say, void *userdata, struct dns_setup **ret)
{
    struct dns_setup *setup = calloc(1, sizeof(*setup));
    int r;

    if (!setup)
        return -ENOMEM;
    setup->loop = sd_event_ref(loop);
    setup->paths = paths;
    setup->say = say;
    setup->userdata = userdata;
    setup->resolved = (struct service){ .name = RESOLVED, .changed = on_resolved, .userdata = setup };
    r = resolvprog_new(loop, paths->program, paths->runtime_dir, on_program_failed, setup, &setup->program);
    if (r < 0) {
        dns_setup_free(setup);
        return r;
    }
    apply_file(setup);
    *ret = setup;
    return 0;
}

void dns_setup_free(struct dns_setup *setup)
{
    if (!setup)
        return;
    drop_calls(setup);
    service_unwatch(&setup->resolved);
    resolvprog_free(setup->program);
    sd_event_source_disable_unref(setup->watch);
    sd_event_unref(setup->loop);
    free(setup);
}

int dns_setup_set_bus(struct dns_setup *setup, sd_bus *bus)
{
    drop_calls(setup);
    setup->told_ifindex = 0;
    service_unwatch(&setup->resolved);
    return bus ? service_watch(&setup->resolved, bus) : 0;
}

bool dns_setup_has_resolved(const struct dns_setup *setup)
{
    return setup->resolved.owner != NULL;
}

void dns_setup_set(struct dns_setup *setup, const struct dns *dns)
{
    setup->wanted = *dns;
    setup->n_rounds = 0;
    apply_resolved(setup);
    apply_file(setup);
}

void dns_setup_tunnel_made(struct dns_setup *setup)
{
    if (setup->wanted.active)
        apply_resolved(setup);
}
