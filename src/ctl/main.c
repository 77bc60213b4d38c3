/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpnctl: reads the command line and runs one command. Everything a user can mistype ends here, with a suggestion and exit status 2.
 * Copyright (C) 2026 The mvpn authors
 */
#include "ctl/ctl.h"
#include "ctl/suggest.h"
#include "ctl/term.h"
#ifdef CTL_HAVE_CHECK
#include "ctl/check.h"
#endif

#include "base/macro.h"

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_DEFAULT_USEC SEC(60)

enum {
    OPTION_CONFIG = 256,
    OPTION_STATE_DIR,
    OPTION_RUNTIME_DIR,
    OPTION_JSON,
    OPTION_WAIT,
    OPTION_VERSION,
};

static const struct option options_table[] = {
    { "config", required_argument, NULL, OPTION_CONFIG },
    { "state-dir", required_argument, NULL, OPTION_STATE_DIR },
    { "runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR },
    { "json", no_argument, NULL, OPTION_JSON },
    { "wait", optional_argument, NULL, OPTION_WAIT },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, OPTION_VERSION },
    { NULL, 0, NULL, 0 },
};

#ifdef CTL_HAVE_CHECK
static enum ctl_exit run_check(const struct ctl_options *options)
{
    struct term term;

    term_init(&term);
    return ctl_check(&options->paths, options->json, term.color) == 0 ? CTL_DONE : CTL_FAILED;
}
#endif

static const struct command {
    const char *name;
    enum ctl_exit (*run)(const struct ctl_options *options);
    bool takes_json, takes_wait;
    const char *help;
} commands[] = {
    { "enable", ctl_enable, false, true, "Switch the VPN on, now and at every boot" },
    { "disable", ctl_disable, false, false, "Switch it off; the internet is open again" },
    { "connect", ctl_connect, false, true, "Try at once, or end a 'disconnect'" },
    { "disconnect", ctl_disconnect, false, false, "Take the tunnel down; the internet stays blocked" },
    { "reload", ctl_reload, false, false, "Read the configuration again" },
    { "status", ctl_status, true, false, "What is going on" },
    { "watch", ctl_watch, false, false, "The same, live" },
    { "links", ctl_links, true, false, "Networks, and which one carries the tunnel" },
#ifdef CTL_HAVE_CHECK
    { "check", run_check, true, false, "Check configuration, certificates and system" },
#endif
    { "events", ctl_events, true, false, "Print each event as it happens" },
};

static void print_help(FILE *out)
{
    fputs(
        "Usage: mvpnctl [OPTIONS] COMMAND\n\nControl the always-on VPN of this device.\n\nCommands:\n", out);
    for (size_t i = 0; i < ELEMENTSOF(commands); i++)
        fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].help);
    fputs("\nOptions:\n"
          "  --json             Machine-readable output (status, links, check, events)\n"
          "  --wait[=DURATION]  Wait until connected (enable, connect); 60s unless told\n"
          "  --config FILE      Configuration instead of /etc/mvpn/mvpn.conf\n"
          "  --state-dir DIR    State instead of /var/lib/mvpn\n"
          "  --runtime-dir DIR  Runtime files instead of /run/mvpn\n"
          "  -h, --help         This text\n"
          "  --version          The version\n"
          "\nExit status: 0 done, 1 failed, 2 usage, 3 enabled but not connected,\n"
          "4 not permitted, 5 mvpnd not running. See mvpnctl(1).\n",
        out);
}

static enum ctl_exit usage_error(void)
{
    fputs("'mvpnctl --help' lists what there is.\n", stderr);
    return CTL_USAGE;
}

static enum ctl_exit unknown_command(const char *typed)
{
    const char *words[ELEMENTSOF(commands) + 1];
    const char *near;

    for (size_t i = 0; i < ELEMENTSOF(commands); i++)
        words[i] = commands[i].name;
    words[ELEMENTSOF(commands)] = NULL;
    near = suggest_word(typed, words);
    if (near)
        complain("there is no command '%s'. Did you mean '%s'?", typed, near);
    else
        complain("there is no command '%s'.", typed);
    return usage_error();
}

static enum ctl_exit unknown_option(const char *typed, bool lacks_argument)
{
    const char *words[ELEMENTSOF(options_table)];
    const char *near;
    char word[64];

    if (lacks_argument) {
        complain("'%s' needs a value.", typed);
        return usage_error();
    }
    for (size_t i = 0; i < ELEMENTSOF(options_table); i++)
        words[i] = options_table[i].name;
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(typed + strspn(typed, "-"), "="),
        typed + strspn(typed, "-"));
    near = suggest_word(word, words);
    if (near && strcmp(near, word) == 0)
        complain("'--%s' takes no value.", near);
    else if (near)
        complain("there is no option '%s'. Did you mean '--%s'?", typed, near);
    else
        complain("there is no option '%s'.", typed);
    return usage_error();
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static enum ctl_exit run(const struct ctl_options *options, int n_words, char **words)
{
    const struct command *command;

    if (n_words == 0) {
        print_help(stderr);
        return CTL_USAGE;
    }
    command = find_command(words[0]);
    if (!command)
        return unknown_command(words[0]);
    if (n_words > 1) {
        complain("'%s' takes nothing more, but got '%s'.", command->name, words[1]);
        return usage_error();
    }
    if (options->json && !command->takes_json) {
        complain("'%s' has no --json.", command->name);
        return usage_error();
    }
    if (options->wait && !command->takes_wait) {
        complain("'%s' has no --wait.", command->name);
        return usage_error();
    }
    return command->run(options);
}

static bool set_wait(struct ctl_options *options, const char *text)
{
    options->wait = true;
    options->wait_usec = WAIT_DEFAULT_USEC;
    if (!text || usec_parse(text, &options->wait_usec) == 0)
        return true;
    complain("'%s' is no duration; write 90, 90s, 5min or 2h.", text);
    return false;
}

/* Values that stand in another argument than their option: for the complaint about what getopt did not understand. */
static const char *offender(char **argv)
{
    return argv[optind - 1];
}

int main(int argc, char **argv)
{
    struct ctl_options options = {
        .paths = { .config = "/etc/mvpn/mvpn.conf",
            .state_dir = "/var/lib/mvpn",
            .runtime_dir = "/run/mvpn" },
    };
    int option;

    setlocale(LC_ALL, "");
    while ((option = getopt_long(argc, argv, ":h", options_table, NULL)) >= 0) {
        switch (option) {
        case OPTION_CONFIG:
            options.paths.config = optarg;
            break;
        case OPTION_STATE_DIR:
            options.paths.state_dir = optarg;
            break;
        case OPTION_RUNTIME_DIR:
            options.paths.runtime_dir = optarg;
            break;
        case OPTION_JSON:
            options.json = true;
            break;
        case OPTION_WAIT:
            if (!set_wait(&options, optarg))
                return usage_error();
            break;
        case OPTION_VERSION:
            puts("mvpnctl " MVPN_VERSION);
            return CTL_DONE;
        case 'h':
            print_help(stdout);
            return CTL_DONE;
        default:
            return unknown_option(offender(argv), option == ':');
        }
    }
    return run(&options, argc - optind, argv + optind);
}
