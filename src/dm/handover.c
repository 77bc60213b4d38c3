/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy on its way to mvpnd, and what became of it there. The account remembers which generation the tree's policy became and, where that
 * was taken back, what it said and why: so that it is known again after a restart and behind a renewal, which makes generations of its own.
 */
#include "dm/agent.h"

#include "base/cleanup.h"
#include "dm/managed.h"
#include "dm/mvpnd.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

static void commit(struct agent *agent, const struct dm_account *account)
{
    if (dm_store_commit(agent->store, account, NULL, 0) < 0)
        agent_log(LOG_WARNING, "What became of the policy cannot be recorded; one that does not work may be tried once more.");
}

int agent_give(struct agent *agent, const char *policy, struct dm_error *error)
{
    struct dm_account account;
    char print[DM_POLICY_PRINT_SIZE];
    uint32_t generation;
    int r = mvpnd_apply(agent->bus, policy, &generation, error);

    if (r < 0 || dm_managed_policy_print(agent->store, print, NULL) < 0 || dm_store_load(agent->store, &account) < 0)
        return r;
    if (account.applied_generation == generation && strcmp(account.applied_print, print) == 0 && !account.refused_print[0])
        return 0;
    account.applied_generation = generation;
    memcpy(account.applied_print, print, sizeof(print));
    account.refused_print[0] = account.refused_why[0] = '\0';
    commit(agent, &account);
    return 0;
}

bool agent_is_refused(struct agent *agent, const struct dm_account *account)
{
    char print[DM_POLICY_PRINT_SIZE];

    return account->refused_print[0] && dm_managed_policy_print(agent->store, print, NULL) == 0 && strcmp(print, account->refused_print) == 0;
}

void agent_learn(struct agent *agent, struct mvpnd_state *state)
{
    struct dm_account account;

    if (dm_store_load(agent->store, &account) < 0)
        return;
    if (account.applied_generation && state->rolled_back_generation == account.applied_generation &&
        strcmp(account.refused_print, account.applied_print) != 0) {
        memcpy(account.refused_print, account.applied_print, sizeof(account.refused_print));
        snprintf(account.refused_why, sizeof(account.refused_why), "%s", state->rolled_back_because);
        commit(agent, &account);
    }
    if (agent_is_refused(agent, &account))
        snprintf(state->last_error, sizeof(state->last_error), "%s", account.refused_why);
}

/* The policy that works goes on with the certificate in force; the tree's waits for the server to change it. */
static int give_certificate(struct agent *agent, const struct dm_account *account, struct dm_error *error)
{
    _cleanup_free_ char *present = NULL, *renamed = NULL;
    uint32_t ignored;
    int r = mvpnd_get_policy(agent->bus, &present, error);

    if (r == 0)
        r = dm_managed_policy_rename(agent->store, present, &renamed, error);
    if (r == -ENOENT) /* what works knows nothing of this enrolment: only a new certificate is a reason to try again */
        return account->previous[0] ? agent_give_tree(agent, error) : 0;
    return r < 0 ? r : mvpnd_apply(agent->bus, renamed, &ignored, error);
}

int agent_give_tree(struct agent *agent, struct dm_error *error)
{
    _cleanup_free_ char *text = NULL;
    int r = dm_managed_policy(agent->store, &text, error);

    return r < 0 ? r : agent_give(agent, text, error);
}

int agent_give_policy(struct agent *agent, struct dm_error *error)
{
    struct dm_account account;
    int r = dm_store_load(agent->store, &account);

    if (r < 0)
        return dm_error_set(error, r, "What is known of the enrolment cannot be read.");
    return agent_is_refused(agent, &account) ? give_certificate(agent, &account, error) : agent_give_tree(agent, error);
}
