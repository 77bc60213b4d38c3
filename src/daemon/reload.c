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

/* policy: the text of the management server's; NULL: none. */
static int load(struct daemon *daemon, const char *policy, struct settings **ret, char *ret_error_text, size_t size)
{
    struct settings_error error = { 0 };
    int r = settings_load_staged(&daemon->paths, policy, ret, &error);

    if (r >= 0)
        return 0;
    if (error.line > 0)
        snprintf(ret_error_text, size, "%s:%u: %s", error.file, error.line, error.text);
    else
        snprintf(ret_error_text, size, "%s: %s", error.file, error.text);
    return r;
}

static int load_policy(struct daemon *daemon, bool good, struct store_policy *ret, char *ret_error_text, size_t size)
{
    int r = store_load_policy(daemon->store, good, ret);

    if (r < 0)
        snprintf(ret_error_text, size, "%s/" SETTINGS_POLICY_FILE ": %s; 'mvpnctl sync' has the management server send it again",
            daemon->paths.state_dir, r == -EBADMSG ? "the policy is damaged" : strerror(-r));
    return r;
}

/* A configuration with an error must not keep the daemon from running: lockdown, status and a later reload need it. Nothing of it is used. */
static int load_nothing(struct daemon *daemon)
{
    const struct settings_paths nowhere = { .config = "/dev/null", .state_dir = "/dev/null", .runtime_dir = "/dev/null" };
    struct settings_error error;

    return settings_load(&nowhere, &daemon->settings, &error);
}

/* The present policy is what is wrong where all is well with the last good one instead. Recorded by daemon_start_managed(). */
static int load_with_good(struct daemon *daemon)
{
    struct daemon_managed *managed = &daemon->managed;
    char error[sizeof(daemon->config_error)];
    struct store_policy good = { 0 };
    int r = load_policy(daemon, true, &good, error, sizeof(error));

    if (r >= 0 && (!good.text || (managed->present.text && good.generation == managed->present.generation)))
        r = -ENOENT;
    if (r >= 0)
        r = load(daemon, good.text, &daemon->settings, error, sizeof(error));
    if (r >= 0 && !(managed->unusable_why = strdup(daemon->config_error)))
        r = -ENOMEM;
    if (r < 0) {
        free(good.text);
        return r;
    }
    managed->unusable = managed->present.generation;
    /* A damaged one does not tell its number; those that were on trial one after the other since the good one are few. */
    good.highest = managed->present.text ? managed->present.highest : good.highest + 100;
    good.on_trial = false;
    free(managed->present.text);
    managed->present = good;
    daemon->config_error[0] = '\0';
    return 0;
}

int daemon_load(struct daemon *daemon)
{
    struct daemon_managed *managed = &daemon->managed;
    int r = load_policy(daemon, false, &managed->present, daemon->config_error, sizeof(daemon->config_error));

    if (r >= 0)
        r = load(daemon, managed->present.text, &daemon->settings, daemon->config_error, sizeof(daemon->config_error));
    if (r < 0)
        r = load_with_good(daemon);
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

int daemon_prepare(struct daemon *daemon, const char *policy, struct change *ret, char *ret_error_text, size_t size)
{
    struct change change;
    int r = load(daemon, policy, &change.settings, ret_error_text, size);

    if (r < 0)
        return r;
    r = refuse_interface_change(daemon, change.settings, ret_error_text, size);
    if (r >= 0)
        r = daemon_rejudge_path(daemon, change.settings, &change.path, ret_error_text, size);
    if (r >= 0)
        r = credentials_judge(change.settings, &change.credentials);
    if (r < 0) {
        settings_free(change.settings);
        return r;
    }
    change.credential_print = credential_print(change.settings);
    *ret = change;
    return 0;
}

void daemon_adopt(struct daemon *daemon, const struct change *change)
{
    struct settings *old = daemon->settings;
    struct event event = { .type = EVENT_POLICY };

    event.policy = &change->settings->policy;
    event.ike_changed = change->credential_print != daemon->credential_print || ike_differs(old, change->settings);
    daemon->settings = change->settings;
    daemon->credentials = change->credentials;
    daemon->credential_print = change->credential_print;
    daemon->config_error[0] = '\0';
    if (change->path.possible)
        daemon_take_path(daemon, &change->path);
    daemon_set_interest(daemon);
    daemon_push(daemon, &(struct event){ .type = EVENT_CREDENTIALS, .credentials = change->credentials.credentials });
    daemon_push(daemon, &event);
    settings_free(old);
}

/* Another one than mvpnd had put there is a person's: it is not on trial, and no number comes twice for it. */
static void take_present(struct daemon *daemon, const struct store_policy *present)
{
    struct daemon_managed *managed = &daemon->managed;
    uint32_t highest = MAX_OF(managed->present.highest, present->highest);

    if (present->generation != managed->present.generation || !present->on_trial)
        trial_end(&managed->trial);
    free(managed->present.text);
    managed->present = *present;
    managed->present.highest = highest;
}

int daemon_reload(struct daemon *daemon, char *ret_error_text, size_t size)
{
    struct store_policy present = { 0 };
    struct change change;
    int r = load_policy(daemon, false, &present, ret_error_text, size);

    if (r >= 0)
        r = daemon_prepare(daemon, present.text, &change, ret_error_text, size);
    if (r < 0) {
        journal_say_known(LOG_ERR, MVPN_MESSAGE_CONFIG_ERROR, "The configuration was not reloaded, the old one stays: %s", ret_error_text);
        free(present.text);
        return r;
    }
    take_present(daemon, &present);
    daemon_adopt(daemon, &change);
    journal_say(LOG_INFO, "The configuration was reloaded.");
    return 0;
}
