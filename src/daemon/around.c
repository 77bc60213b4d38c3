/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the services around us tell, as events. (What they are told: execute.c.)
 */
#include "daemon/daemon.h"

static void links_changed(void *userdata)
{
    daemon_push_links(userdata);
}

/* The core's turn is over when this returns, and with it what must be done before a sleep: an action of the turn lets the machine go. */
static void suspend(void *userdata)
{
    struct daemon *daemon = userdata;

    daemon_push_simple(daemon, EVENT_SUSPEND);
    sys_sleep_ready(daemon->sys); /* nobody is kept awake by a core that has nothing to do */
}

static void resume(void *userdata)
{
    daemon_push_simple(userdata, EVENT_RESUME);
}

static void say(void *userdata, int priority, const char *text)
{
    (void)userdata;
    journal_say(priority, "%s", text);
}

static const struct sys_ops ops = { .links_changed = links_changed, .suspend = suspend, .resume = resume, .say = say };

int daemon_watch_around(struct daemon *daemon)
{
    const struct sys_options options = { .state_dir = daemon->paths.state_dir, .runtime_dir = daemon->paths.runtime_dir };

    int r = wake_new(&daemon->wake);

    return r < 0 ? r : sys_new(daemon->loop, &options, &ops, daemon, &daemon->sys);
}
