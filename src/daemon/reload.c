/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration and credentials: loading, and loading again without ever losing what runs. A file with an error changes nothing.
 */
#include "daemon/daemon.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <mvpn/messages.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

/* A number that differs when the file, or an entry of the folder, was replaced: the path may be the old one with a new certificate behind it. */
static uint64_t file_print(const char *path)
{
    _cleanup_closedir_ DIR *folder = NULL;
    uint64_t print = 14695981039346656037u;
    struct dirent *entry;
    struct stat st;

    if (!path || stat(path, &st) < 0)
        return 0;
    print = (print ^ (uint64_t)st.st_ino) * 1099511628211u;
    print = (print ^ (uint64_t)st.st_size) * 1099511628211u;
    print = (print ^ (uint64_t)(st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec)) * 1099511628211u;
    if (!S_ISDIR(st.st_mode) || !(folder = opendir(path)))
        return print;
    while ((entry = readdir(folder))) {
        struct stat member;
        if (entry->d_name[0] == '.' || fstatat(dirfd(folder), entry->d_name, &member, 0) < 0)
            continue;
        /* A sum: the order of a folder's entries means nothing. */
        print += ((uint64_t)member.st_ino ^ (uint64_t)(member.st_mtim.tv_sec * 1000000000 + member.st_mtim.tv_nsec)) * 1099511628211u;
    }
    return print;
}

static uint64_t credential_print(const struct settings *settings)
{
    return file_print(settings->certificate) ^ file_print(settings->private_key) * 3 ^ file_print(settings->ca_certificates) * 5;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool ike_differs(const struct settings *a, const struct settings *b)
{
    return !same_text(a->local_identity, b->local_identity) || !same_text(a->remote_identity, b->remote_identity) ||
           !same_text(a->certificate, b->certificate) || !same_text(a->private_key, b->private_key) ||
           !same_text(a->ca_certificates, b->ca_certificates) || !same_text(a->ike_proposals, b->ike_proposals) ||
           !same_text(a->esp_proposals, b->esp_proposals) || a->check_revocation != b->check_revocation ||
           a->data_path != b->data_path || a->standard_ports != b->standard_ports;
}

void daemon_set_interest(struct daemon *daemon)
{
    const struct policy *policy = &daemon->settings->policy;
    struct ip_addr addrs[POLICY_GATEWAYS_MAX];
    uint32_t n_addrs = 0;

    for (uint32_t i = 0; i < policy->n_gateways; i++)
        if (policy->gateways[i].literal.family)
            addrs[n_addrs++] = policy->gateways[i].literal;
    net_set_interest(daemon->net, n_addrs, addrs);
}

static int load(struct daemon *daemon, struct settings **ret, char *ret_error_text, size_t size)
{
    struct settings_error error = { 0 };
    int r = settings_load(&daemon->paths, ret, &error);

    if (r >= 0)
        return 0;
    if (error.line > 0)
        snprintf(ret_error_text, size, "%s:%u: %s", error.file, error.line, error.text);
    else
        snprintf(ret_error_text, size, "%s: %s", error.file, error.text);
    return r;
}

/* A configuration with an error must not keep the daemon from running: lockdown, status and a later reload need it. Nothing of it is used. */
static int load_nothing(struct daemon *daemon)
{
    const struct settings_paths nowhere = { "/dev/null", "/dev/null", "/dev/null" };
    struct settings_error error;

    return settings_load(&nowhere, &daemon->settings, &error);
}

int daemon_load(struct daemon *daemon)
{
    int r = load(daemon, &daemon->settings, daemon->config_error, sizeof(daemon->config_error));

    if (r < 0) {
        journal_say_known(LOG_CRIT, MVPN_MESSAGE_CONFIG_ERROR, "The configuration cannot be used, nothing is connected until it is mended and reloaded: %s",
            daemon->config_error);
        r = load_nothing(daemon);
    }
    if (r < 0)
        return r;
    daemon->credential_print = credential_print(daemon->settings);
    return credentials_judge(daemon->settings, &daemon->credentials);
}

static int refuse_interface_change(const struct daemon *daemon, const struct settings *settings, char *ret_error_text, size_t size)
{
    if (strcmp(settings->policy.interface, daemon->settings->policy.interface) == 0)
        return 0;
    snprintf(ret_error_text, size, "Interface= cannot change while mvpnd runs (it is %s). Restart mvpnd for that.",
        daemon->settings->policy.interface);
    return -EBUSY;
}

int daemon_reload(struct daemon *daemon, char *ret_error_text, size_t size)
{
    struct credentials_report credentials;
    struct settings *settings, *old = daemon->settings;
    struct event event = { .type = EVENT_POLICY };
    struct data_path_choice path;
    uint64_t print;
    int r;

    r = load(daemon, &settings, ret_error_text, size);
    if (r < 0) {
        journal_say_known(LOG_ERR, MVPN_MESSAGE_CONFIG_ERROR, "The configuration was not reloaded, the old one stays: %s", ret_error_text);
        return r;
    }
    r = refuse_interface_change(daemon, settings, ret_error_text, size);
    if (r >= 0)
        r = daemon_rejudge_path(daemon, settings, &path, ret_error_text, size);
    if (r >= 0)
        r = credentials_judge(settings, &credentials);
    if (r < 0) {
        settings_free(settings);
        return r;
    }
    print = credential_print(settings);
    event.policy = &settings->policy;
    event.ike_changed = print != daemon->credential_print || ike_differs(old, settings);
    daemon->settings = settings;
    daemon->credentials = credentials;
    daemon->credential_print = print;
    daemon->config_error[0] = '\0';
    if (path.possible)
        daemon_take_path(daemon, &path);
    daemon_set_interest(daemon);
    daemon_push(daemon, &(struct event){ .type = EVENT_CREDENTIALS, .credentials = credentials.credentials });
    daemon_push(daemon, &event);
    settings_free(old);
    journal_say(LOG_INFO, "The configuration was reloaded.");
    return 0;
}
