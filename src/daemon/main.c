/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpnd: command line, start and end. Start closes first: the record is read and, when it says enabled, lockdown stands before a bus, a
 * name or a gateway is touched. The end opens nothing: firewall and rules stay, only `mvpnctl disable` removes them.
 */
#include "daemon/daemon.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/record.h"

#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

struct options {
    struct settings_paths paths;
    bool lockdown_only;
};

static void print_help(void)
{
    puts("Usage: mvpnd [OPTION]...\n"
         "The always-on VPN daemon. See mvpnd(8).\n\n"
         "  --config FILE       configuration file (/etc/mvpn/mvpn.conf; drop-ins in FILE.d)\n"
         "  --state-dir DIR     what is remembered (/var/lib/mvpn)\n"
         "  --runtime-dir DIR   what is forgotten at power-off (/run/mvpn)\n"
         "  --dm-dir DIR        certificates that dm:NAME means (/var/lib/mvpn-dm)\n"
         "  --lockdown          put lockdown in place if the VPN is enabled, and end (early boot)\n"
         "  --help, --version");
}

/* 0: go on; otherwise *ret_exit is the exit status. */
static int parse_options(int argc, char **argv, struct options *ret, int *ret_exit)
{
    static const struct option long_options[] = {
        { "config", required_argument, NULL, 'c' },
        { "state-dir", required_argument, NULL, 's' },
        { "runtime-dir", required_argument, NULL, 'r' },
        { "dm-dir", required_argument, NULL, 'd' },
        { "lockdown", no_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    *ret = (struct options){ .paths = { .config = "/etc/mvpn/mvpn.conf", .state_dir = "/var/lib/mvpn", .runtime_dir = "/run/mvpn" } };
    *ret_exit = EXIT_SUCCESS;
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == 'c')
            ret->paths.config = optarg;
        else if (option == 's')
            ret->paths.state_dir = optarg;
        else if (option == 'r')
            ret->paths.runtime_dir = optarg;
        else if (option == 'd')
            ret->paths.dm_dir = optarg;
        else if (option == 'l')
            ret->lockdown_only = true;
        else if (option == 'h')
            return print_help(), -1;
        else if (option == 'v')
            return puts("mvpnd " MVPN_VERSION), -1;
        else
            return *ret_exit = 2, -1;
    }
    if (optind < argc) {
        fprintf(stderr, "mvpnd: unexpected argument '%s'. See 'mvpnd --help'.\n", argv[optind]);
        *ret_exit = 2;
        return -1;
    }
    return 0;
}

static void open_record_file(struct daemon *daemon, uint64_t seed)
{
    static char text[RECORD_LINE_MAX_BYTES];
    const char *path = getenv("MVPN_RECORD");
    struct strbuf line;

    if (!path || !path[0])
        return;
    daemon->record_file = fopen(path, "we");
    if (!daemon->record_file) {
        journal_say(LOG_WARNING, "MVPN_RECORD: %s cannot be written: %s", path, strerror(errno));
        return;
    }
    strbuf_init(&line, text, sizeof(text));
    record_format_begin(seed, &daemon->settings->policy, &line);
    fprintf(daemon->record_file, "%s\n", line.text);
}

static bool read_record(struct daemon *daemon)
{
    int r = store_load(daemon->store, &daemon->record);

    if (r < 0)
        journal_say(LOG_ERR, "The record in %s is damaged (%s); the VPN is taken to be enabled. 'mvpnctl disable' or 'mvpnctl enable' writes it anew.",
            daemon->paths.state_dir, strerror(-r));
    return daemon->record.known || r < 0 ? daemon->record.enabled : daemon->settings->enabled;
}

static int complain(const char *what, int error)
{
    journal_say(LOG_CRIT, "%s: %s", what, strerror(-error));
    return error;
}

/* Everything that lockdown needs, and nothing else. */
static int set_up(struct daemon *daemon, bool lockdown_only)
{
    uint64_t seed;
    int r;

    if (mkdir(daemon->paths.runtime_dir, 0755) < 0 && errno != EEXIST)
        return complain("The runtime directory cannot be made", -errno);
    r = store_open(daemon->paths.state_dir, &daemon->store);
    if (r < 0)
        return complain("The state directory cannot be used", r);
    r = fw_new(&daemon->fw);
    if (r < 0)
        complain("nftables cannot be used, lockdown is not possible", r);
    r = daemon_load(daemon);
    if (r < 0)
        return complain("The configuration cannot be read", r);
    r = net_new(daemon->settings->policy.interface, daemon->paths.runtime_dir, &daemon->net);
    if (r < 0)
        return complain("rtnetlink cannot be used", r);
    if (lockdown_only)
        daemon->tunnel_open = true; /* not worth making: this process ends at once */
    else
        daemon_settle_path(daemon);
    r = ike_new(&daemon->ike);
    if (r < 0)
        return complain("IKE cannot be set up", r);
    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        seed = clock_boottime_usec();
    daemon->core = core_new(&daemon->settings->policy, seed);
    if (!daemon->core)
        return complain("No memory", -ENOMEM);
    open_record_file(daemon, seed);
    core_get_status(daemon->core, &daemon->last);
    return 0;
}

static void start_core(struct daemon *daemon, bool enabled)
{
    struct event start = { .type = EVENT_START, .enabled = enabled };

    daemon_recall_tunnel(daemon);
    daemon_push_clock(daemon);
    daemon_push(daemon, &(struct event){ .type = EVENT_CREDENTIALS, .credentials = daemon->credentials.credentials });
    daemon_set_interest(daemon);
    daemon_push_links(daemon);
    daemon_push(daemon, &start);
}

static void tear_down(struct daemon *daemon)
{
    if (daemon->ike)
        ike_stop(daemon->ike);
    ike_free(daemon->ike);
    resolver_free(daemon->resolver);
    sys_free(daemon->sys);
    wake_free(daemon->wake);
    daemon_free_probe(daemon);
    daemon_free_notified(daemon);
    daemon_free_due(daemon);
    daemon_free_managed(daemon);
    bus_free(daemon->bus);
    core_free(daemon->core);
    net_free(daemon->net);
    sd_event_source_unref(daemon->repair.source);
    fw_free(daemon->fw);
    store_free(daemon->store);
    settings_free(daemon->settings);
    sd_event_source_unref(daemon->timer);
    sd_event_source_unref(daemon->alarm);
    sd_event_unref(daemon->loop);
    close_fd(&daemon->tun_fd);
    close_fd(&daemon->guard_fd);
    close_fd(&daemon->clock_fd);
    if (daemon->record_file)
        fclose(daemon->record_file);
}

/*
 * Keys live in OpenSSL's and libcharon's memory as well as in ours: so every page that is touched stays out of swap. Only without a limit:
 * beyond one, later allocations would fail.
 */
static bool may_lock_without_limit(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

    return syscall(SYS_capget, &header, data) == 0 && data[CAP_IPC_LOCK / 32].effective & 1u << CAP_IPC_LOCK % 32;
}

static void lock_memory(void)
{
    const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

    if ((setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0 && !may_lock_without_limit()) || mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
        journal_say(LOG_NOTICE, "Memory cannot be locked (%s): keys may be written to swap", strerror(errno));
}

static int run(struct daemon *daemon)
{
    char error[512];
    int r;

    lock_memory();
    r = ike_check_library(error, sizeof(error));
    if (r < 0) {
        journal_say(LOG_CRIT, "%s", error);
        return r;
    }
    r = sd_event_new(&daemon->loop);
    if (r >= 0)
        r = daemon_make_timers(daemon);
    if (r >= 0)
        r = daemon_add_sources(daemon);
    if (r >= 0)
        r = daemon_watch_around(daemon);
    if (r < 0)
        return complain("The event loop cannot be set up", r);
    start_core(daemon, read_record(daemon));
    r = bus_new(daemon->loop, &daemon_bus_ops, daemon, &daemon->bus);
    if (r < 0)
        return complain(r == -EEXIST ? "Another mvpnd owns the name org.mvpn1" : "D-Bus cannot be used", r);
    daemon->system_bus = bus_connection(daemon->bus);
    sys_set_bus(daemon->sys, daemon->system_bus);
    r = daemon_start_managed(daemon);
    if (r < 0)
        return complain("The policy cannot be watched", r);
    r = daemon_start_due(daemon);
    if (r < 0)
        return complain("The management agent's timer cannot be made", r);
    r = daemon_start_notified(daemon);
    if (r < 0)
        return complain("The timer of notifications cannot be made", r);
    sd_event_set_watchdog(daemon->loop, true);
    sd_notifyf(0, "READY=1\nSTATUS=%s", state_name(daemon->last.state));
    r = sd_event_loop(daemon->loop);
    sd_notify(0, "STOPPING=1");
    return r;
}

/* Early boot: the closed ruleset and the rules of layer 2, then the end; mvpnd takes over when it starts. */
static int run_lockdown(struct daemon *daemon)
{
    struct event start = { .type = EVENT_START, .enabled = true };
    struct action_list actions;

    if (!read_record(daemon))
        return 0;
    core_step(daemon->core, clock_boottime_usec(), &start, &actions); /* no links are known: closed, and nothing is attempted */
    for (uint32_t i = 0; i < actions.n_actions; i++)
        if ((actions.actions[i].type == ACTION_FIREWALL || actions.actions[i].type == ACTION_ROUTING) &&
            !daemon_execute(daemon, &actions.actions[i]))
            return -EIO;
    return 0;
}

int main(int argc, char **argv)
{
    struct daemon daemon = { .guard_fd = -1, .tun_fd = -1, .clock_fd = -1 };
    struct options options;
    sigset_t signals;
    int r, exit_status;

    if (parse_options(argc, argv, &options, &exit_status) < 0)
        return exit_status;
    daemon.paths = options.paths;
    mallopt(M_ARENA_MAX, 1); /* libcharon has ten threads that hardly ever work at once: what one frees the others use */
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* before any thread of libcharon's is made */

    r = set_up(&daemon, options.lockdown_only);
    if (r >= 0)
        r = options.lockdown_only ? run_lockdown(&daemon) : run(&daemon);
    tear_down(&daemon);
    return r >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
