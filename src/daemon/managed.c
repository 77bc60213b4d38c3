/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management server's policy: checked, put on disk, in force, and gone back from when its tunnel does not come up. Whether it does is
 * core/trial.h's to decide; what a policy may set, src/config's. A policy is used as a reload is: lockdown stays closed throughout, and one
 * with an error changes nothing.
 */
#include "daemon/daemon.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <mvpn/messages.h>

#include <errno.h>
#include <string.h>
#include <syslog.h>

#define TEXT_MAX_BYTES (SETTINGS_FILE_MAX_BYTES - 1024) /* the file has a line of its own besides */

static int refuse(int error, const char *name, const char *text, struct bus_policy_answer *answer)
{
    answer->error_name = name;
    if (text)
        snprintf(answer->error_text, sizeof(answer->error_text), "%s", text);
    return error;
}

/* Certificates and keys that are new with it must be there: an attempt with them could only fail. */
static int judge_credentials(const struct daemon *daemon, const struct change *change, struct bus_policy_answer *answer)
{
    enum reason problem = change->credentials.credentials.problem;

    if ((problem != REASON_CERTIFICATE_INVALID && problem != REASON_KEY_MISMATCH) || change->credential_print == daemon->credential_print)
        return 0;
    return refuse(-EINVAL, "PolicyInvalid", change->credentials.detail[0] ? change->credentials.detail : reason_sentence(problem), answer);
}

static int prepare(struct daemon *daemon, const char *text, struct change *ret, struct bus_policy_answer *answer)
{
    int r;

    if (strlen(text) > TEXT_MAX_BYTES)
        return refuse(-EFBIG, "PolicyInvalid", "The policy is larger than 255 KiB, which none is. Shorten it on the management server.", answer);
    r = daemon_prepare(daemon, text, ret, answer->error_text, sizeof(answer->error_text));
    if (r < 0)
        return refuse(r, "PolicyInvalid", NULL, answer);
    r = judge_credentials(daemon, ret, answer);
    if (r < 0)
        settings_free(ret->settings);
    return r;
}

int daemon_check_policy(struct daemon *daemon, const char *text, struct bus_policy_answer *answer)
{
    struct change change;
    int r = prepare(daemon, text, &change, answer);

    if (r >= 0)
        settings_free(change.settings);
    return r;
}

static bool is_empty(const char *text)
{
    return !text || text[strspn(text, " \t\r\n")] == '\0';
}

static int set_present(struct daemon *daemon, const struct store_policy *policy)
{
    char *text = strdup(policy->text ? policy->text : "");

    if (!text)
        return -ENOMEM;
    free(daemon->managed.present.text);
    daemon->managed.present = *policy;
    daemon->managed.present.text = text;
    return 0;
}

/*
 * Enabled= counts when it changes: a person's wish since then is not undone by every other policy, unless no person is to have one. A policy
 * that says nothing of it opens nothing; only one that says no does, or the end of management.
 */
static void follow_enabled(struct daemon *daemon, bool before, bool is_end)
{
    const struct settings *settings = daemon->settings;
    bool after = settings->enabled, is_decreed = settings->policy_says_enabled && !settings->policy.user_may_disable;

    if (after && (!before || is_decreed))
        daemon_push_simple(daemon, EVENT_ENABLE);
    else if (before && !after && (is_end || settings->policy_says_enabled))
        daemon_push_simple(daemon, EVENT_DISABLE);
}

static void tell(struct daemon *daemon, const char *event, uint32_t generation, const char *reason, const char *message)
{
    char number[16];
    const char *detail[] = { "generation", number, "reason", reason, "message", message, NULL };

    snprintf(number, sizeof(number), "%u", generation);
    if (daemon->bus)
        bus_event(daemon->bus, event, detail);
}

/* On disk first: a crash behind it starts with the new one. */
static int commit(struct daemon *daemon, const struct store_policy *policy, struct bus_policy_answer *answer)
{
    const struct store_policy nothing = { .generation = policy->generation };
    int r = store_replace_policy(daemon->store, is_empty(policy->text) ? &nothing : &daemon->managed.present, policy);

    if (r >= 0)
        r = set_present(daemon, policy);
    if (r < 0)
        refuse(r, "Failed", "The policy could not be recorded, the old one stays in force. Is the disk full or read-only?", answer);
    return r;
}

/* Who sent the policy may ask for the reason after a restart of either side. */
static void note_taken_back(struct daemon *daemon, uint32_t from, const char *why)
{
    struct store_taken_back *noted = &daemon->managed.taken_back;
    int r;

    noted->generation = from;
    snprintf(noted->why, sizeof(noted->why), "%s", why);
    r = store_save_taken_back(daemon->store, noted);
    if (r < 0)
        journal_say(LOG_WARNING, "Why policy %u was taken back could not be recorded (%s): it is forgotten at the next start.", from, strerror(-r));
}

/* An empty one ends management: there is nothing to try, nothing to go back to, and nobody to tell why. */
int daemon_apply_policy(struct daemon *daemon, const char *text, struct bus_policy_answer *answer)
{
    struct daemon_managed *managed = &daemon->managed;
    struct store_policy policy = { .generation = managed->present.highest + 1, .on_trial = !is_empty(text), .text = (char *)text };
    bool enabled = daemon->settings->enabled, same = strcmp(text, managed->present.text ? managed->present.text : "") == 0;
    struct change change;
    int r = prepare(daemon, text, &change, answer);

    if (r < 0)
        return r;
    policy.highest = policy.generation;
    r = same ? 0 : commit(daemon, &policy, answer);
    if (r < 0) {
        settings_free(change.settings);
        return r;
    }
    if (is_empty(text)) {
        note_taken_back(daemon, 0, "");
        daemon_forget_due(daemon);
    }
    answer->generation = managed->present.generation;
    if (!same)
        trial_end(&managed->trial);
    daemon_adopt(daemon, &change); /* also the same text: the files that it names may be new */
    if (same)
        return 0;
    follow_enabled(daemon, enabled, is_empty(text));
    journal_say(LOG_INFO, "Policy %u of the management server is in force%s.", policy.generation, policy.on_trial ? ", on trial" : ": none");
    if (policy.on_trial)
        trial_begin(&managed->trial);
    tell(daemon, "policy-applied", policy.generation, "", "");
    daemon_watch_trial(daemon);
    return 0;
}

/* The last good one, ready to be used. -ENOENT: there is none but the present. */
static int prepare_good(struct daemon *daemon, struct store_policy *good, struct change *ret, struct bus_policy_answer *answer)
{
    int r = store_load_policy(daemon->store, true, good);

    if (r < 0)
        return refuse(r, "Failed", "The last good policy cannot be read from the state directory; the present one stays in force.", answer);
    if (good->generation == daemon->managed.present.generation)
        return refuse(-ENOENT, "NothingToRollBack", "There is no earlier policy to go back to.", answer);
    r = daemon_prepare(daemon, good->text, ret, answer->error_text, sizeof(answer->error_text));
    return r < 0 ? refuse(r, "PolicyInvalid", NULL, answer) : 0;
}

static int use_good(struct daemon *daemon, struct store_policy *good, struct change *change, bool by_hand, struct bus_policy_answer *answer)
{
    bool enabled = daemon->settings->enabled;
    int r;

    good->highest = daemon->managed.present.highest;
    good->on_trial = false;
    r = store_save_policy(daemon->store, good);
    if (r >= 0)
        r = set_present(daemon, good);
    if (r < 0) {
        settings_free(change->settings);
        return refuse(r, "Failed", "Going back could not be recorded, the present policy stays in force. Is the disk full or read-only?", answer);
    }
    trial_end(&daemon->managed.trial);
    daemon_adopt(daemon, change);
    if (by_hand)
        follow_enabled(daemon, enabled, false);
    daemon_watch_trial(daemon);
    return 0;
}

static void tell_rolled_back(struct daemon *daemon, uint32_t from, const char *reason, const char *message)
{
    struct daemon_managed *managed = &daemon->managed;

    note_taken_back(daemon, from, message);
    journal_say_known(LOG_WARNING, MVPN_MESSAGE_POLICY_ROLLED_BACK, "Policy %u of the management server is in force again, the one after it (%u) was taken back: %s",
        managed->present.generation, from, message);
    tell(daemon, "policy-rolled-back", from, reason, message);
    if (daemon->bus)
        bus_publish(daemon->bus);
}

int daemon_rollback_policy(struct daemon *daemon, struct bus_policy_answer *answer)
{
    uint32_t from = daemon->managed.present.generation;
    struct store_policy good = { 0 };
    struct change change;
    int r = prepare_good(daemon, &good, &change, answer);

    if (r >= 0)
        r = use_good(daemon, &good, &change, true, answer);
    if (r >= 0)
        tell_rolled_back(daemon, from, "asked-for", "The management agent or root asked for it.");
    free(good.text);
    return r;
}

/* Where there is nothing to go back to that could connect, the new one is still the best there is: it is tried for ever. */
static void fail_trial(struct daemon *daemon, enum reason cause)
{
    uint32_t from = daemon->managed.present.generation;
    struct bus_policy_answer answer = { .error_name = NULL };
    struct store_policy good = { 0 };
    struct change change;
    int r = prepare_good(daemon, &good, &change, &answer);

    trial_end(&daemon->managed.trial);
    if (r >= 0 && !change.settings->policy.complete) {
        settings_free(change.settings);
        r = refuse(-ENOENT, "NothingToRollBack", "The configuration without it is not complete.", &answer);
    }
    if (r >= 0)
        r = use_good(daemon, &good, &change, false, &answer);
    if (r >= 0)
        tell_rolled_back(daemon, from, reason_name(cause), reason_sentence(cause));
    free(good.text);
    if (r >= 0)
        return;
    journal_say(LOG_ERR, "The tunnel of policy %u does not come up (%s), but it stays in force: %s", from, reason_name(cause), answer.error_text);
    trial_begin_endless(&daemon->managed.trial);
    daemon_watch_trial(daemon);
}

static void pass_trial(struct daemon *daemon)
{
    struct store_policy *present = &daemon->managed.present;
    int r;

    trial_end(&daemon->managed.trial);
    present->on_trial = false;
    r = store_save_policy(daemon->store, present);
    if (r < 0)
        journal_say(LOG_WARNING, "That policy %u is good could not be recorded (%s): it is on trial again after a restart.", present->generation, strerror(-r));
    journal_say(LOG_INFO, "Policy %u of the management server is good: its tunnel is up.", present->generation);
    tell(daemon, "policy-good", present->generation, "", "");
    if (daemon->bus)
        bus_publish(daemon->bus);
}

static int on_trial(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct daemon *daemon = userdata;
    struct core_status status;
    enum reason cause = REASON_NONE;

    (void)source, (void)usec;
    core_get_status(daemon->core, &status);
    switch (trial_look(&daemon->managed.trial, clock_monotonic_usec(), &status, &cause)) {
    case TRIAL_OPEN:
        daemon_watch_trial(daemon);
        break;
    case TRIAL_GOOD:
        pass_trial(daemon);
        break;
    case TRIAL_FAILED:
        fail_trial(daemon, cause);
        break;
    }
    return 0;
}

bool daemon_is_managed(const struct daemon *daemon)
{
    const struct store_policy *present = &daemon->managed.present;

    return present->generation > 0 && present->text && present->text[0];
}

void daemon_get_policy(struct daemon *daemon, struct bus_policy_answer *answer)
{
    answer->text = daemon->managed.present.text ? daemon->managed.present.text : "";
}

/* The verdict is carried out by the timer, outside of any turn: settings change hands there. */
void daemon_watch_trial(struct daemon *daemon)
{
    struct daemon_managed *managed = &daemon->managed;
    struct core_status status;
    enum reason ignored;
    usec_t at_usec;

    if (!managed->timer)
        return;
    core_get_status(daemon->core, &status);
    at_usec = trial_look(&managed->trial, clock_monotonic_usec(), &status, &ignored) == TRIAL_OPEN ? trial_deadline(&managed->trial) : 0;
    if (at_usec != USEC_INFINITY)
        sd_event_source_set_time(managed->timer, at_usec);
    sd_event_source_set_enabled(managed->timer, at_usec == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

/* What daemon_load() found: a policy that cannot be used is gone back from for good, one on trial is tried from the beginning. */
int daemon_start_managed(struct daemon *daemon)
{
    struct daemon_managed *managed = &daemon->managed;
    int r = sd_event_add_time(daemon->loop, &managed->timer, CLOCK_MONOTONIC, 0, SEC(1), on_trial, daemon);

    if (r < 0)
        return r;
    sd_event_source_set_enabled(managed->timer, SD_EVENT_OFF);
    store_load_taken_back(daemon->store, &managed->taken_back);
    if (managed->unusable_why) {
        (void)store_save_policy(daemon->store, &managed->present); /* else once more at the next start */
        tell_rolled_back(daemon, managed->unusable, "config-incomplete", managed->unusable_why);
        free(managed->unusable_why);
        managed->unusable_why = NULL;
    }
    if (managed->present.on_trial)
        trial_begin(&managed->trial);
    daemon_watch_trial(daemon);
    return 0;
}

void daemon_free_managed(struct daemon *daemon)
{
    struct daemon_managed *managed = &daemon->managed;

    sd_event_source_unref(managed->timer);
    free(managed->present.text);
    free(managed->unusable_why);
    *managed = (struct daemon_managed){ .timer = NULL };
}
