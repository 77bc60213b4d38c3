/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpnctl: reads the command line and runs one command. Everything a user can mistype ends here, with a suggestion and exit status 2.
 * Copyright (C) 2026 The mvpn authors
 */
#include "ctl/ctl.h"
#include "ctl/enroll.h"
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
    OPTION_OTP_FILE,
    OPTION_TOKEN_FILE,
    OPTION_METHOD,
    OPTION_PIN,
    OPTION_USER,
    OPTION_DEVICE,
    OPTION_CA,
};

static const struct option options_table[] = {
    { "config", required_argument, NULL, OPTION_CONFIG },
    { "state-dir", required_argument, NULL, OPTION_STATE_DIR },
    { "runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR },
    { "json", no_argument, NULL, OPTION_JSON },
    { "wait", optional_argument, NULL, OPTION_WAIT },
    { "otp-file", required_argument, NULL, OPTION_OTP_FILE },
    { "token-file", required_argument, NULL, OPTION_TOKEN_FILE },
    { "method", required_argument, NULL, OPTION_METHOD },
    { "pin", required_argument, NULL, OPTION_PIN },
    { "user", required_argument, NULL, OPTION_USER },
    { "device", required_argument, NULL, OPTION_DEVICE },
    { "ca", required_argument, NULL, OPTION_CA },
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
    int words_min, words_max; /* that may follow */
} commands[] = {
    { "enable", ctl_enable, false, true, "Switch the VPN on, now and at every boot", 0, 0 },
    { "disable", ctl_disable, false, false, "Switch it off; the internet is open again", 0, 0 },
    { "connect", ctl_connect, false, true, "Try at once, or end a 'disconnect'", 0, 0 },
    { "disconnect", ctl_disconnect, false, false, "Take the tunnel down; the internet stays blocked", 0, 0 },
    { "reload", ctl_reload, false, false, "Read the configuration again", 0, 0 },
    { "status", ctl_status, true, false, "What is going on", 0, 0 },
    { "watch", ctl_watch, false, false, "The same, live", 0, 0 },
    { "links", ctl_links, true, false, "Networks, and which one carries the tunnel", 0, 0 },
#ifdef CTL_HAVE_CHECK
    { "check", run_check, true, false, "Check configuration, certificates and system", 0, 0 },
#endif
    { "events", ctl_events, true, false, "Print each event as it happens", 0, 0 },
    { "enroll", ctl_enroll, false, false, "SERVER or mail address: let an organisation manage this device", 1, 1 },
    { "unenroll", ctl_unenroll, false, false, "End that; its key, certificate and policy are removed", 0, 0 },
    { "sync", ctl_sync, false, false, "Ask the organisation's server for news now", 0, 0 },
    { "dm", ctl_dm, false, false, "show [URI]: what the organisation manages", 1, 2 },
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
          "  --otp-file FILE    enroll: the one-time password; -: standard input\n"
          "  --token-file FILE  enroll: a token instead of a password\n"
          "  --method METHOD    enroll: mde2 (unless told), est, scep\n"
          "  --pin SHA256       enroll: of the server's public key, instead of a root;\n"
          "                     with scep over http of the authority's certificate\n"
          "  --ca FILE          enroll: roots to trust the server by\n"
          "  --user NAME        enroll: who the password belongs to; else the mail address\n"
          "  --device NAME      enroll: what this device is to be called\n"
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

static bool has_enroll_option(const struct ctl_enroll_options *enroll)
{
    return enroll->otp_file || enroll->token_file || enroll->method || enroll->pin || enroll->user || enroll->device || enroll->ca_file;
}

static enum ctl_exit run(struct ctl_options *options, int n_words, char **words)
{
    const struct command *command;

    if (n_words == 0) {
        print_help(stderr);
        return CTL_USAGE;
    }
    command = find_command(words[0]);
    if (!command)
        return unknown_command(words[0]);
    if (n_words - 1 > command->words_max) {
        complain("'%s' takes nothing more, but got '%s'.", command->name, words[command->words_max + 1]);
        return usage_error();
    }
    if (n_words - 1 < command->words_min) {
        complain("'%s' needs more: %s.", command->name, command->help);
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
    if (command->run != ctl_enroll && has_enroll_option(&options->enroll)) {
        complain("'%s' takes no option of 'enroll'.", command->name);
        return usage_error();
    }
    if (options->enroll.otp_file && options->enroll.token_file) {
        complain("either --otp-file or --token-file, not both.");
        return usage_error();
    }
    options->n_words = n_words - 1;
    options->words = words + 1;
    if (command->run == ctl_enroll)
        options->enroll.server = words[1];
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

static void set_enroll_option(struct ctl_enroll_options *enroll, int option, const char *value)
{
    const char **at = option == OPTION_OTP_FILE ? &enroll->otp_file :
        option == OPTION_TOKEN_FILE             ? &enroll->token_file :
        option == OPTION_METHOD                 ? &enroll->method :
        option == OPTION_PIN                    ? &enroll->pin :
        option == OPTION_USER                   ? &enroll->user :
        option == OPTION_DEVICE                 ? &enroll->device :
                                                  &enroll->ca_file;

    *at = value;
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
        case OPTION_OTP_FILE:
        case OPTION_TOKEN_FILE:
        case OPTION_METHOD:
        case OPTION_PIN:
        case OPTION_USER:
        case OPTION_DEVICE:
        case OPTION_CA:
            set_enroll_option(&options.enroll, option, optarg);
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
