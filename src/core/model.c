/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handles by which the other files of src/core change what the core knows and ask for what is to be done. Decides nothing.
 */
#include "core/internal.h"

#include <assert.h>
#include <string.h>

struct action *core_act(struct core *core, enum action_type type)
{
    struct action_list *list = core->actions;

    assert(list->n_actions < ACTIONS_MAX);
    memset(&list->actions[list->n_actions], 0, sizeof(list->actions[0]));
    list->actions[list->n_actions].type = type;
    return &list->actions[list->n_actions++];
}

void core_set_timer(struct core *core, enum timer timer, usec_t delay_usec)
{
    core->timers[timer] = usec_add(core->now_usec, delay_usec);
}

void core_clear_timer(struct core *core, enum timer timer)
{
    core->timers[timer] = USEC_INFINITY;
}

void core_raise(struct core *core, enum trigger trigger, enum reason cause)
{
    assert(core->follow == TRIGGER_NONE);
    core->follow = trigger;
    core->cause = cause;
}

uint32_t core_new_request_id(struct core *core)
{
    return ++core->next_request_id;
}

_Static_assert(LINK_SET_MAX <= 32, "reported_roaming has a bit for each link");

void core_judge_roaming(struct core *core)
{
    const struct link *base;

    for (uint32_t i = 0; i < core->links.n_links; i++)
        core->links.links[i].roaming = link_judge_roaming(&core->links.links[i], &core->policy, core->reported_roaming & 1u << i);
    base = linkset_find(&core->links, core->base.ifindex);
    if (base)
        core->base.roaming = base->roaming;
}

void core_retry_record(struct core *core)
{
    core->record_dirty |= core->record_failed;
    core->record_failed = false;
}

void core_change_state(struct core *core, enum state state, enum reason reason)
{
    if (state != core->state) {
        core->since_at_usec = core->now_usec;
        core_retry_record(core);
    }
    core->state = state;
    if (reason != REASON_NONE)
        core->reason = reason;
}
