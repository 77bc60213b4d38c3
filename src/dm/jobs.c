/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mvpn-dm does when it is asked or when something is due. The order matters: what mvpnd is told to use is on the disk before it is
 * told, and what it still uses is there until it was told otherwise.
 */
#include "dm/agent.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "dm/manage.h"
#include "dm/managed.h"
#include "dm/mvpnd.h"
#include "dm/schedule.h"

#include <errno.h>
#include <inttypes.h>
#include <mvpn/dbus.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>

#define AGAIN_SEC            (15 * 60)
#define TRIAL_SEC            300 /* longer than mvpnd tries a policy */
#define DEFAULT_INTERVAL_SEC (8 * 3600) /* as mvpn.conf has it for PollInterval= */

static void tell(struct agent *agent, const char *text)
{
    agent->hooks.progress(agent->hooks.userdata, text);
}

static int apply_text(void *userdata, const char *policy, struct dm_error *error)
{
    struct agent *agent = userdata;

    tell(agent, "Giving the policy to the VPN");
    return agent_give(agent, policy, error);
}

int agent_enrol(struct agent *agent, const struct dm_enrol_request *request, struct dm_error *error)
{
    struct dm_error problem = { 0 };
    struct mvpnd_state state;
    int r;

    if (mvpnd_look(agent->bus, &state) && state.blocked)
        return dm_error_set(error, -EHOSTUNREACH, "The VPN is enabled and not connected, so no server can be reached. 'mvpnctl disable' first.");
    r = dm_enrol_run(agent->store, request, &agent->hooks, error);
    if (r < 0)
        return r;
    tell(agent, "Giving the certificate to the VPN");
    r = agent_give_tree(agent, &problem);
    if (r < 0)
        return dm_error_set(error, -EHOSTDOWN, "Enrolled, but the VPN does not use the certificate yet. %s", problem.text);
    return 0;
}

static int agent_end(struct agent *agent, struct dm_error *error)
{
    struct dm_error problem = { 0 };
    uint32_t ignored;
    int applied, r;

    tell(agent, "Taking the policy from the VPN");
    applied = mvpnd_apply(agent->bus, "", &ignored, &problem);
    tell(agent, "Removing key, certificate and account");
    r = dm_store_remove(agent->store);
    if (r < 0)
        return dm_error_set(error, -EIO, "The files of the enrolment could not be removed: %s.", strerror(-r));
    if (applied < 0)
        return dm_error_set(error, -EHOSTDOWN, "Key and account are gone, but mvpnd may still have the policy. %s Then repeat 'mvpnctl unenroll'.",
            applied == -EHOSTDOWN ? "Start mvpnd." : problem.text);
    return 0;
}

/* Whatever the server says, or does not: it is told, and not asked. */
static void say_goodbye(struct agent *agent)
{
    const struct dm_manage_start goodbye = { .cause = DM_MANAGE_GOODBYE };
    struct dm_manage_hooks hooks = { .job = &agent->hooks };
    struct dm_manage_result ignored;
    struct dm_error problem = { 0 };

    if (!dm_managed_is(agent->store))
        return;
    tell(agent, "Telling the management server");
    if (dm_manage_run(agent->store, &hooks, &goodbye, &ignored, &problem) < 0)
        agent_log(LOG_NOTICE, "The management server was not told of the end: %s", problem.text);
}

int agent_unenrol(struct agent *agent, struct dm_error *error)
{
    struct dm_account account;
    bool known = dm_store_load(agent->store, &account) != -ENOENT;
    int r;

    say_goodbye(agent);
    r = agent_end(agent, error);
    return r == 0 && !known ? dm_error_set(error, -ENOENT, "This device was not enrolled.") : r;
}

static int renew(struct agent *agent, struct dm_error *error)
{
    int r;

    tell(agent, "Renewing the certificate");
    r = dm_renew_run(agent->store, &agent->hooks, error);
    return r < 0 ? r : agent_give_policy(agent, error);
}

/* Does the tunnel stand by the certificate that ends then? Two ends within two minutes of each other are one. */
static bool works_until(const struct mvpnd_state *state, int64_t expires_at_sec)
{
    int64_t apart = clock_realtime_sec() + state->certificate_expires_in_sec - expires_at_sec;

    return state->connected && apart > -120 && apart < 120;
}

static void settle(struct agent *agent, const struct dm_account *account, const struct mvpnd_state *state)
{
    if (!account->previous[0] || !state->connected)
        return;
    if (works_until(state, account->expires_at_sec)) {
        if (dm_renew_settle(agent->store) == 0)
            agent_log(LOG_INFO, "The tunnel stands with the new certificate; the old key is gone.");
    } else if (clock_realtime_sec() > account->renewed_at_sec + TRIAL_SEC) {
        /* mvpnd went back to the policy before, as it does when a policy's tunnel does not come up */
        if (dm_renew_abandon(agent->store) == 0)
            agent_log(LOG_WARNING, "The tunnel does not come up with the renewed certificate; the old one goes on, and is renewed again in a day.");
    }
}

static struct dm_schedule schedule_of(struct agent *agent)
{
    struct dm_schedule schedule = { .default_interval_sec = DEFAULT_INTERVAL_SEC };

    (void)dm_managed_schedule(agent->store, &schedule);
    return schedule;
}

/* When next; on the disk, so that the next start knows. */
static void note_session(struct agent *agent, const struct dm_schedule *schedule, int result)
{
    struct dm_account account;
    uint64_t random;

    if (dm_store_load(agent->store, &account) < 0)
        return;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        random = 0;
    account.n_failed = result < 0 ? account.n_failed + 1 : 0;
    account.n_sessions += result == 0;
    account.next_session_at_sec =
        clock_realtime_sec() + (int64_t)dm_schedule_next(schedule, account.n_sessions, account.n_failed, random);
    (void)dm_store_commit(agent->store, &account, NULL, 0);
}

static int obey(struct agent *agent, const struct dm_manage_result *orders, struct dm_error *error)
{
    int r = 0;

    if (orders->unenroll) {
        agent_log(LOG_NOTICE, "The organisation ended the enrolment.");
        return agent_end(agent, error);
    }
    if (orders->renew)
        r = renew(agent, error);
    if (r == 0 && orders->reconnect)
        mvpnd_connect(agent->bus);
    return r;
}

static int hold_session(
    struct agent *agent, const struct mvpnd_state *state, bool by_user, const struct dm_manage_start *start, struct dm_error *error)
{
    struct dm_manage_hooks hooks = { .job = &agent->hooks, .apply = apply_text, .state = state };
    struct dm_schedule schedule = schedule_of(agent);
    struct dm_manage_result orders;
    int r;

    switch (dm_schedule_moment(&schedule, state->roaming, state->blocked, by_user)) {
    case DM_MOMENT_GOOD:
        break;
    case DM_MOMENT_ROAMING:
        return 0;
    case DM_MOMENT_BLOCKED:
        return dm_error_set(error, -EHOSTUNREACH, "The VPN is enabled and not connected, so no server can be reached. 'mvpnctl status' says why.");
    }
    tell(agent, "Asking the management server");
    r = dm_manage_run(agent->store, &hooks, start, &orders, error);
    schedule = schedule_of(agent); /* the session may have changed it */
    note_session(agent, &schedule, r);
    return r < 0 ? r : obey(agent, &orders, error);
}

static int sync_now(struct agent *agent, bool by_user, const struct dm_manage_start *start, struct dm_error *error)
{
    struct mvpnd_state state = { 0 };
    struct dm_account account;
    int r = dm_store_load(agent->store, &account), renewed = 0;

    if (r == -ENOENT)
        return dm_error_set(error, r, "This device is not enrolled. 'mvpnctl enroll' does that.");
    if (r < 0)
        return dm_error_set(error, r, "What is known of the enrolment is damaged. Enrol again after 'mvpnctl unenroll'.");
    mvpnd_look(agent->bus, &state);
    settle(agent, &account, &state);
    agent_learn(agent, &state);
    r = dm_store_load(agent->store, &account);
    if (r < 0)
        return dm_error_set(error, r, "What is known of the enrolment cannot be read.");
    if (clock_realtime_sec() >= account.renew_at_sec && !account.previous[0])
        renewed = renew(agent, error);
    if (renewed < 0)
        return renewed;
    if (dm_managed_is(agent->store))
        r = hold_session(agent, &state, by_user, start, error);
    if (r < 0 || dm_store_load(agent->store, &account) < 0)
        return r;
    return agent_give_policy(agent, error);
}

int agent_sync(struct agent *agent, bool by_user, struct dm_error *error)
{
    return sync_now(agent, by_user, &(struct dm_manage_start){ .cause = DM_MANAGE_OURS }, error);
}

/* What becomes of the session is between the server and this device: whoever brought the notification only hears whether it is genuine. */
int agent_notify(struct agent *agent, const void *bytes, size_t n_bytes, struct dm_error *error)
{
    struct dm_manage_start start = { .cause = DM_MANAGE_NOTIFIED };
    struct dm_error problem = { 0 };
    int r = dm_managed_take_notification(agent->store, bytes, n_bytes, &start.session_id, error);

    if (r < 0)
        return r;
    agent_log(LOG_INFO, "The management server asked for session %X.", start.session_id);
    if (sync_now(agent, false, &start, &problem) < 0)
        agent_log(LOG_WARNING, "%s", problem.text);
    return 0;
}

/* What is due already and was tried just now is tried again in a while. */
static uint64_t seconds_until(int64_t at_sec, int64_t now_sec, bool tried)
{
    return at_sec > now_sec ? (uint64_t)(at_sec - now_sec) : tried ? AGAIN_SEC : 0;
}

/* Sessions may be unwanted abroad; renewals, and the settling of one, are for everywhere. */
static void tell_due(struct agent *agent, bool tried)
{
    uint64_t home_sec = UINT64_MAX, roaming_sec = UINT64_MAX, session_sec;
    int64_t now_sec = clock_realtime_sec();
    struct dm_account account;

    if (dm_store_load(agent->store, &account) >= 0) {
        struct dm_schedule schedule = schedule_of(agent);

        home_sec = roaming_sec = account.previous[0] ? TRIAL_SEC : seconds_until(account.renew_at_sec, now_sec, tried);
        session_sec = seconds_until(account.next_session_at_sec, now_sec, tried);
        if (dm_managed_is(agent->store)) {
            home_sec = MIN_OF(home_sec, session_sec);
            roaming_sec = schedule.not_while_roaming ? roaming_sec : MIN_OF(roaming_sec, session_sec);
        }
    }
    mvpnd_set_due(agent->bus, home_sec, roaming_sec);
}

void agent_tell_due(struct agent *agent)
{
    tell_due(agent, true);
}

static bool do_due(struct agent *agent)
{
    struct dm_account account;
    struct dm_error error = { 0 };
    int64_t now_sec = clock_realtime_sec();

    if (dm_store_load(agent->store, &account) < 0)
        return false;
    if (now_sec < account.next_session_at_sec && now_sec < account.renew_at_sec && !account.previous[0])
        return false;
    if (agent_sync(agent, false, &error) < 0)
        agent_log(LOG_WARNING, "%s", error.text);
    return true;
}

void agent_do_due(struct agent *agent)
{
    tell_due(agent, do_due(agent));
}

int agent_show(struct agent *agent, const char *uri, char **ret, struct dm_error *error)
{
    struct dm_account account;
    int64_t now_sec = clock_realtime_sec();
    int r = dm_store_load(agent->store, &account);

    if (uri[0] && r == 0)
        return dm_managed_show(agent->store, uri, ret, error);
    if (uri[0])
        return dm_error_set(error, -ENOENT, "This device is not enrolled.");
    if (r < 0 && r != -ENOENT)
        return dm_error_set(error, r, "What is known of the enrolment is damaged. 'mvpnctl unenroll' clears it away.");
    if (r == -ENOENT)
        *ret = strdup("{ \"enrolled\": false }");
    else if (asprintf(ret,
                 "{ \"enrolled\": true, \"method\": \"%s\", \"server\": \"%s\", \"device\": \"%s\", \"certificate\": \"%s\", "
                 "\"expires_in\": %" PRId64 ", \"renew_in\": %" PRId64 ", \"renewing\": %s, \"managed\": %s, \"sessions\": %u, "
                 "\"failed\": %u, \"next_session_in\": %" PRId64 " }",
                 account.method, account.server, account.device, account.name, account.expires_at_sec - now_sec, account.renew_at_sec - now_sec,
                 account.previous[0] ? "true" : "false", dm_managed_is(agent->store) ? "true" : "false", account.n_sessions, account.n_failed,
                 account.next_session_at_sec ? account.next_session_at_sec - now_sec : 0) < 0)
        *ret = NULL;
    return *ret ? 0 : dm_error_set(error, -ENOMEM, "No memory.");
}
