/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Somebody to type a password to when there is no desktop: polkit's own text agent, beside mvpnctl while a call waits. Only for a person on
 * a terminal who is not root; without the agent a call is simply refused where a password would be needed.
 */
#include <sys/types.h>

struct agent {
    pid_t pid; /* 0: none runs */
};

/* Returns when the agent is registered, has failed, or after a few seconds; never an error. */
void agent_start(struct agent *agent);
void agent_stop(struct agent *agent);
