/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpn-dm: command line, start and end. It is started by a call on the bus, does what is due or asked, and ends when it has been idle for a
 * while: between sessions it does not run.
 * Copyright (C) 2026 The mvpn authors
 */
#include "dm/agent.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/usec.h"

#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <mvpn/dbus.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

#define IDLE_USEC SEC(20)

struct options {
    const char *config, *state_dir, *runtime_dir;
    usec_t idle_usec;
};

static void print_help(void)
{
    puts("Usage: mvpn-dm [OPTION]...\n"
         "The management agent of mvpn: enrolment and OMA DM. Started by D-Bus; see mvpn-dm(8).\n\n"
         "  --config FILE       configuration file (/etc/mvpn/mvpn.conf)\n"
         "  --state-dir DIR     account, keys and certificates (/var/lib/mvpn-dm)\n"
         "  --runtime-dir DIR   what is forgotten at power-off (/run/mvpn)\n"
         "  --idle DURATION     end after so long without work (20s; 0: stay)\n"
         "  --help, --version");
}

/* 0: go on; otherwise *ret_exit is the exit status. */
static int parse_options(int argc, char **argv, struct options *ret, int *ret_exit)
{
    static const struct option long_options[] = {
        { "config", required_argument, NULL, 'c' },
        { "state-dir", required_argument, NULL, 's' },
        { "runtime-dir", required_argument, NULL, 'r' },
        { "idle", required_argument, NULL, 'i' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    *ret = (struct options){ "/etc/mvpn/mvpn.conf", "/var/lib/mvpn-dm", "/run/mvpn", IDLE_USEC };
    *ret_exit = EXIT_SUCCESS;
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == 'c')
            ret->config = optarg;
        else if (option == 's')
            ret->state_dir = optarg;
        else if (option == 'r')
            ret->runtime_dir = optarg;
        else if (option == 'i' && usec_parse(optarg, &ret->idle_usec) == 0)
            continue;
        else if (option == 'h')
            return print_help(), -1;
        else if (option == 'v')
            return puts("mvpn-dm " MVPN_VERSION), -1;
        else
            return *ret_exit = 2, -1;
    }
    if (optind < argc) {
        fprintf(stderr, "mvpn-dm: unexpected argument '%s'. See 'mvpn-dm --help'.\n", argv[optind]);
        *ret_exit = 2;
        return -1;
    }
    return 0;
}

static int on_idle(sd_event_source *source, uint64_t at_usec, void *userdata)
{
    struct agent *agent = userdata;

    (void)source, (void)at_usec;
    if (agent->n_waiting)
        return agent_stay(agent);
    return sd_event_exit(agent->loop, 0);
}

int agent_stay(struct agent *agent)
{
    int r;

    if (!agent->idle_usec)
        return 0;
    if (!agent->idle)
        return sd_event_add_time_relative(agent->loop, &agent->idle, CLOCK_MONOTONIC, agent->idle_usec, 0, on_idle, agent);
    r = sd_event_source_set_time_relative(agent->idle, agent->idle_usec);
    return r < 0 ? r : sd_event_source_set_enabled(agent->idle, SD_EVENT_ONESHOT);
}

/* To him who asked, and to nobody else; at once, because the loop stands while a job runs. */
static void on_progress(void *userdata, const char *text)
{
    struct agent *agent = userdata;
    sd_bus_message *signal = NULL;

    if (!agent->destination)
        return;
    if (sd_bus_message_new_signal(agent->bus, &signal, MVPN_DM_BUS_PATH, MVPN_DM_BUS_INTERFACE, "Progress") >= 0 &&
        sd_bus_message_set_destination(signal, agent->destination) >= 0 && sd_bus_message_append(signal, "s", text) >= 0 &&
        sd_bus_send(agent->bus, signal, NULL) >= 0)
        (void)sd_bus_flush(agent->bus);
    sd_bus_message_unref(signal);
}

static void on_log(void *userdata, const char *text)
{
    (void)userdata;
    agent_log(LOG_INFO, "%s", text);
}

/* The bus driver knows; asked once a second, for a transfer looks more often. */
static bool caller_is_gone(struct agent *agent)
{
    uint64_t now_usec = clock_monotonic_usec();
    sd_bus_message *reply = NULL;
    int is_there = 1;

    if (!agent->only_for_caller || !agent->destination || now_usec < agent->looked_at_usec + SEC(1))
        return false;
    agent->looked_at_usec = now_usec;
    if (sd_bus_call_method(agent->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", NULL, &reply, "s",
            agent->destination) < 0 || sd_bus_message_read(reply, "b", &is_there) < 0)
        is_there = 1;
    sd_bus_message_unref(reply);
    return !is_there;
}

/* SIGTERM and SIGINT are blocked for the loop's sake; a job looks whether one waits. */
static bool should_stop(void *userdata)
{
    sigset_t waiting;

    if (sigpending(&waiting) == 0 && (sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1))
        return true;
    return caller_is_gone(userdata);
}

static int run(struct agent *agent)
{
    sigset_t signals;
    int r;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    r = sd_event_new(&agent->loop);
    if (r >= 0)
        r = sd_event_add_signal(agent->loop, NULL, SIGTERM, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_signal(agent->loop, NULL, SIGINT, NULL, NULL);
    if (r >= 0)
        r = agent_stay(agent);
    if (r < 0)
        return agent_log(LOG_CRIT, "The event loop cannot be set up: %s", strerror(-r)), r;
    r = agent_serve(agent);
    if (r < 0)
        return agent_log(LOG_CRIT, "D-Bus cannot be used: %s", r == -EEXIST ? "another mvpn-dm is running" : strerror(-r)), r;
    sd_notify(0, "READY=1");
    return sd_event_loop(agent->loop);
}

int main(int argc, char **argv)
{
    struct options options;
    struct agent agent = { .hooks = { on_progress, should_stop, on_log, NULL } };
    int r, exit_status;

    if (parse_options(argc, argv, &options, &exit_status) < 0)
        return exit_status;
    umask(0027);
    prctl(PR_SET_DUMPABLE, 0); /* keys and one-time passwords: no core dump, no debugger of the same user */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return EXIT_FAILURE;
    agent.hooks.userdata = &agent;
    agent.config_path = options.config;
    agent.idle_usec = options.idle_usec;
    r = dm_store_open(options.state_dir, &agent.store);
    if (r < 0)
        agent_log(LOG_CRIT, "The state directory %s cannot be used: %s", options.state_dir, strerror(-r));
    else
        r = run(&agent);
    sd_event_source_unref(agent.idle);
    sd_bus_flush_close_unref(agent.bus);
    sd_event_unref(agent.loop);
    dm_store_free(agent.store);
    curl_global_cleanup();
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
