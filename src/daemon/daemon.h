/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * mvpnd's one object, shared by the files of src/daemon: the loop, the core, the adapters, and what the last turn left.
 *   main.c      command line, start, end
 *   turn.c      event queue -> core_step -> actions; the one timer; what follows a turn (journal, bus, systemd)
 *   execute.c   actions into calls of adapters
 *   probe.c     NAT probing: sockets, and what is known of networks
 *   sources.c   descriptors into events
 *   repair.c    the firewall after somebody else was there
 *   reload.c    configuration and credentials
 *   managed.c   the management server's policy, and its trial
 *   due.c       when the management agent is started
 *   notified.c  the management server's notification
 *   path.c      which of the two data paths
 *   guard.c     the end of the kernel's ESP with the daemon
 *   around.c    the services around us: sleep, modem, NetworkManager, resolver
 *   remember.c  the last tunnel, across restarts
 *   report.c    what status shows
 *   journal.c   one structured line per transition
 * Decides nothing about the tunnel: that is src/core.
 */
#include "bus/bus.h"
#include "config/credentials.h"
#include "config/settings.h"
#include "core/core.h"
#include "core/due.h"
#include "core/trial.h"
#include "fw/fw.h"
#include "ike/ike.h"
#include "net/net.h"
#include "net/wake.h"
#include "store/natcache.h"
#include "store/store.h"
#include "sys/prober.h"
#include "sys/resolver.h"
#include "sys/sys.h"

#include <stdio.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define EVENT_QUEUE_MAX 64

/* How often the firewall had to be put back lately. */
struct daemon_repair {
    sd_event_source *source;
    usec_t second_at_usec; /* when the present second of counting began */
    uint32_t n_in_second, n_untold; /* n_untold: since the last line in the journal */
    bool fight; /* so often that it must not keep all else waiting */
};

/* The management server's policy. */
struct daemon_managed {
    struct store_policy present; /* as on disk */
    struct trial trial;
    sd_event_source *timer; /* of the trial */
    struct due due;
    sd_event_source *due_timer;
    sd_event_source *notified, *deaf_timer; /* the socket for notifications, NULL: none; and when there may be one again */
    int notified_error; /* as last told */
    struct store_taken_back taken_back; /* as on disk */
    uint32_t unusable; /* at the start: the generation that could not be used, */
    char *unusable_why; /* ... until that has been told; NULL: all is well */
};

/* A configuration that was read and judged, and is not in force yet. */
struct change {
    struct settings *settings; /* owned: daemon_adopt() or settings_free() */
    struct credentials_report credentials;
    uint64_t credential_print;
    struct data_path_choice path;
};

struct daemon {
    struct settings_paths paths;
    struct settings *settings;
    struct credentials_report credentials;
    uint64_t credential_print; /* tells whether the files behind the paths were replaced */
    struct store_record record; /* as on disk */
    struct daemon_managed managed;

    sd_event *loop;
    sd_event_source *timer, *alarm; /* CLOCK_BOOTTIME, and the same waking the machine; armed one at a time */
    int clock_fd; /* told when the wall clock is set */

    struct core *core;
    struct net *net;
    struct fw *fw; /* NULL: the kernel has no nftables */
    struct ike *ike;
    struct store *store;
    struct bus *bus;
    struct resolver *resolver; /* NULL until the first name: made for the mark then in force */
    uint32_t resolver_mark;
    struct prober *prober; /* NULL until the first request */
    struct natcache *natcache; /* NULL until the first question */
    int natcache_error; /* of the last write, as told */
    struct sd_bus *system_bus; /* borrowed; NULL: not there */
    struct sys *sys; /* NULL: early boot */
    struct wake *wake; /* NULL: early boot */

    struct event queue[EVENT_QUEUE_MAX];
    uint32_t n_queued, next_queued;
    bool in_turn;
    struct link_set links; /* what the last EVENT_LINKS pointed to */

    bool ike_runs;
    bool path_known; /* data_path was chosen; the automatic choice is made when a tunnel is first wanted */
    struct data_path_choice data_path;
    int guard_fd; /* of the guard of the kernel's SAs; -1: none */
    bool tunnel_open; /* the tunnel interface is ours, and was there when we last looked */
    int tun_fd; /* -1 with the kernel's ESP */
    struct routing routing; /* last applied, for repair */
    struct lockdown lockdown;
    struct daemon_repair repair;
    int firewall_error, store_error; /* of the last action of the kind; 0: done */
    int policies_error; /* as last told */
    struct core_status last; /* as of the last published turn */
    bool disable_pending;
    char detail[512]; /* what an adapter said about the last failure; "" none */
    char config_error[768]; /* file, line and text of the configuration that could not be used at start; "" none */
    FILE *record_file; /* MVPN_RECORD */
};

/* turn.c */
void daemon_push(struct daemon *daemon, const struct event *event); /* queues and, unless in a turn, runs it */
void daemon_push_simple(struct daemon *daemon, enum event_type type);
int daemon_make_timers(struct daemon *daemon);

/* execute.c */
/* False: the firewall failed, and the rest of the list must not be done. */
bool daemon_execute(struct daemon *daemon, const struct action *action);
void daemon_apply_routing(struct daemon *daemon, const struct routing *routing);
bool daemon_restore_firewall(struct daemon *daemon); /* the last one that stood; false: it failed, and the core must be told */

/* probe.c */
/* The last tunnel, across restarts: EVENT_REMEMBERED and ACTION_REMEMBER. */
void daemon_recall_tunnel(struct daemon *daemon);
void daemon_remember_tunnel(struct daemon *daemon, const struct tunnel *tunnel);

void daemon_probe(struct daemon *daemon, const struct action *action); /* ACTION_PROBE_* and ACTION_NAT_* */
void daemon_free_probe(struct daemon *daemon);

/* sources.c */
int daemon_add_sources(struct daemon *daemon);
void daemon_push_links(struct daemon *daemon);
int64_t daemon_wallclock_floor_sec(const struct daemon *daemon); /* the newest time that is known to have passed */
int64_t daemon_clock_offset_usec(void); /* the wall clock less CLOCK_BOOTTIME */
void daemon_push_clock(struct daemon *daemon);

/* repair.c */
int daemon_watch_firewall(struct daemon *daemon);

/* path.c */
bool daemon_uses_kernel(struct daemon *daemon); /* chooses, and tells the journal, the first time */
void daemon_take_path(struct daemon *daemon, const struct data_path_choice *choice); /* the tunnel interface is made anew where it differs */
/* At the start: where the kernel's is configured and cannot be had, the configuration counts as incomplete. */
void daemon_settle_path(struct daemon *daemon);
/* Before a reload: -EOPNOTSUPP with a sentence where it must be refused. ret->possible false with 0: not to be chosen yet. */
int daemon_rejudge_path(
    struct daemon *daemon, const struct settings *settings, struct data_path_choice *ret, char *ret_error_text, size_t size);
void daemon_start_guard(struct daemon *daemon); /* where the kernel's path is used; before IKE starts */
void daemon_open_tunnel(struct daemon *daemon);
void daemon_lose_tunnel(struct daemon *daemon);

/* around.c */
int daemon_watch_around(struct daemon *daemon);

/* reload.c */
int daemon_load(struct daemon *daemon); /* first time: with an error in it, as if nothing were configured */
int daemon_reload(struct daemon *daemon, char *ret_error_text, size_t size); /* the old stays where it fails */
/* policy: the management server's; NULL: none. Nothing of it is in force then. */
int daemon_prepare(struct daemon *daemon, const char *policy, struct change *ret, char *ret_error_text, size_t size);
void daemon_adopt(struct daemon *daemon, const struct change *change);
void daemon_set_interest(struct daemon *daemon); /* routes to literal gateways count as ways out */

/* managed.c */
int daemon_check_policy(struct daemon *daemon, const char *text, struct bus_policy_answer *answer);
int daemon_apply_policy(struct daemon *daemon, const char *text, struct bus_policy_answer *answer);
int daemon_rollback_policy(struct daemon *daemon, struct bus_policy_answer *answer);
bool daemon_is_managed(const struct daemon *daemon); /* a policy is in force */
void daemon_get_policy(struct daemon *daemon, struct bus_policy_answer *answer);
void daemon_watch_trial(struct daemon *daemon); /* after every turn */
int daemon_start_managed(struct daemon *daemon);
void daemon_free_managed(struct daemon *daemon);

/* due.c */
int daemon_start_due(struct daemon *daemon); /* behind daemon_start_managed() */
void daemon_set_due(struct daemon *daemon, usec_t home_in_usec, usec_t roaming_in_usec);
void daemon_forget_due(struct daemon *daemon); /* management has ended */
void daemon_due_by_other_clock(struct daemon *daemon); /* the wall clock was set */
void daemon_watch_due(struct daemon *daemon); /* after every turn */
void daemon_free_due(struct daemon *daemon);

/* notified.c */
int daemon_start_notified(struct daemon *daemon); /* behind daemon_start_due() */
void daemon_watch_notified(struct daemon *daemon); /* after every turn, and when management has changed */
void daemon_deafen(struct daemon *daemon); /* the tunnel interface is gone or another */
void daemon_free_notified(struct daemon *daemon);

/* report.c */
extern const struct bus_ops daemon_bus_ops;

/* journal.c */
void journal_transition(const struct daemon *daemon, const struct core_status *status, const char *message);
void journal_say(int priority, const char *format, ...) _printf_(2, 3);
void journal_say_known(int priority, const char *message_id, const char *format, ...) _printf_(3, 4); /* with a catalogue entry */
const char *daemon_message(const struct daemon *daemon, const struct core_status *status, char *buf, size_t size);
