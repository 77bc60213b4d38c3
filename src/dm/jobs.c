/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mvpn-dm does when it is asked or when something is due. The order matters: what mvpnd is told to use is on the disk before it is
 * told, and what it still uses is there until it was told otherwise.
 */
#include "dm/agent.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "dm/mvpnd.h"

#include <errno.h>
#include <inttypes.h>
#include <mvpn/dbus.h>
#include <string.h>
#include <syslog.h>

static void tell(struct agent *agent, const char *text)
{
    agent->hooks.progress(agent->hooks.userdata, text);
}

static int apply_policy(struct agent *agent, struct dm_error *error)
{
    _cleanup_free_ char *text = NULL;
    int r = dm_enrolled_policy(agent->store, &text);

    return r < 0 ? dm_error_set(error, r, "What is known of the enrolment cannot be read.") : mvpnd_apply(agent->bus, text, error);
}

int agent_enrol(struct agent *agent, const struct dm_enrol_request *request, struct dm_error *error)
{
    struct dm_error problem = { 0 };
    int r = dm_enrol_run(agent->store, request, &agent->hooks, error);

    if (r < 0)
        return r;
    tell(agent, "Giving the certificate to the VPN");
    r = apply_policy(agent, &problem);
    if (r < 0)
        return dm_error_set(error, -EHOSTDOWN, "Enrolled, but the VPN does not use the certificate yet. %s", problem.text);
    return 0;
}

int agent_unenrol(struct agent *agent, struct dm_error *error)
{
    struct dm_account account;
    struct dm_error problem = { 0 };
    bool known = dm_store_load(agent->store, &account) != -ENOENT;
    int applied, r;

    tell(agent, "Taking the policy from the VPN");
    applied = mvpnd_apply(agent->bus, "", &problem);
    tell(agent, "Removing key, certificate and account");
    r = dm_store_remove(agent->store);
    if (r < 0)
        return dm_error_set(error, -EIO, "The files of the enrolment could not be removed: %s.", strerror(-r));
    if (applied < 0)
        return dm_error_set(error, -EHOSTDOWN, "Key and account are gone, but mvpnd still has the policy. %s Then repeat 'mvpnctl unenroll'.",
            applied == -EHOSTDOWN ? "Start mvpnd." : problem.text);
    return known ? 0 : dm_error_set(error, -ENOENT, "This device was not enrolled.");
}

static int renew(struct agent *agent, struct dm_error *error)
{
    int r;

    tell(agent, "Renewing the certificate");
    r = dm_renew_run(agent->store, &agent->hooks, error);
    return r < 0 ? r : apply_policy(agent, error);
}

/* Does the status say that the tunnel stands by the certificate that ends then? */
static bool works_until(const char *status, int64_t expires_at_sec)
{
    const char *found = strstr(status, "\"expires_in\"");
    double expires_in;

    if (!strstr(status, "\"state\":\"connected\"") || !found || sscanf(found, "\"expires_in\":%lf", &expires_in) != 1)
        return false;
    expires_in += (double)clock_realtime_sec() - (double)expires_at_sec;
    return expires_in > -120 && expires_in < 120;
}

static void settle(struct agent *agent, const struct dm_account *account)
{
    _cleanup_free_ char *status = NULL, *dense = NULL;
    size_t n = 0;

    if (!account->previous[0] || mvpnd_status(agent->bus, &status) < 0)
        return;
    dense = malloc(strlen(status) + 1);
    for (const char *c = status; dense && *c; c++)
        if (*c != ' ' && *c != '\n')
            dense[n++] = *c;
    if (!dense)
        return;
    dense[n] = '\0';
    if (works_until(dense, account->expires_at_sec) && dm_renew_settle(agent->store) == 0)
        agent_log(LOG_INFO, "The tunnel stands with the new certificate; the old key is gone.");
}

int agent_sync(struct agent *agent, struct dm_error *error)
{
    struct dm_account account;
    int r = dm_store_load(agent->store, &account);

    if (r == -ENOENT)
        return dm_error_set(error, r, "This device is not enrolled. 'mvpnctl enroll' does that.");
    if (r < 0)
        return dm_error_set(error, r, "What is known of the enrolment is damaged. Enrol again after 'mvpnctl unenroll'.");
    settle(agent, &account);
    if (clock_realtime_sec() >= account.renew_at_sec && !account.previous[0])
        return renew(agent, error);
    return apply_policy(agent, error);
}

void agent_do_due(struct agent *agent)
{
    struct dm_account account;
    struct dm_error error = { 0 };
    int r = dm_store_load(agent->store, &account);

    if (r == -ENOENT)
        return;
    r = agent_sync(agent, &error);
    if (r < 0)
        agent_log(LOG_WARNING, "%s", error.text);
}

int agent_show(struct agent *agent, const char *uri, char **ret, struct dm_error *error)
{
    struct dm_account account;
    int64_t now_sec = clock_realtime_sec();
    int r = dm_store_load(agent->store, &account);

    if (uri[0])
        return dm_error_set(error, -ENOENT, "There is no node '%.80s'.", uri);
    if (r < 0 && r != -ENOENT)
        return dm_error_set(error, r, "What is known of the enrolment is damaged. 'mvpnctl unenroll' clears it away.");
    if (r == -ENOENT)
        *ret = strdup("{ \"enrolled\": false }");
    else if (asprintf(ret,
                 "{ \"enrolled\": true, \"method\": \"%s\", \"server\": \"%s\", \"device\": \"%s\", \"certificate\": \"%s\", "
                 "\"expires_in\": %" PRId64 ", \"renew_in\": %" PRId64 ", \"renewing\": %s }",
                 account.method, account.server, account.device, account.name, account.expires_at_sec - now_sec, account.renew_at_sec - now_sec,
                 account.previous[0] ? "true" : "false") < 0)
        *ret = NULL;
    return *ret ? 0 : dm_error_set(error, -ENOMEM, "No memory.");
}
