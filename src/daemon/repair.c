/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall after somebody else was there: put back at once, before anything else that waits, and told in the journal with the name of who
 * did it. Not a decision: what is put back is what the core asked for last. Never puts back what is meant to be gone. Against a program that
 * does it again and again, mvpnd goes on for ever, but neither fills the journal nor keeps its other sources waiting.
 */
#include "daemon/daemon.h"

#include "base/clock.h"

#include <mvpn/messages.h>

#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>

#define FIGHT_REPAIRS 100 /* within a second: from here on one line a second, and no precedence */

/* One more repair: counts it, and says whether the journal shall have a line of its own for it. */
static bool count(struct daemon *daemon)
{
    struct daemon_repair *repair = &daemon->repair;
    usec_t now_usec = clock_boottime_usec();

    if (repair->n_in_second == 0 || usec_sub(now_usec, repair->second_at_usec) >= SEC(1)) {
        repair->fight = repair->n_in_second > FIGHT_REPAIRS && usec_sub(now_usec, repair->second_at_usec) < SEC(2);
        repair->second_at_usec = now_usec;
        repair->n_in_second = 0;
    }
    repair->n_in_second++;
    if (repair->n_in_second > FIGHT_REPAIRS)
        repair->fight = true;
    /* Of equal rank, sd-event takes the source that waits longest. */
    sd_event_source_set_priority(repair->source, repair->fight ? SD_EVENT_PRIORITY_NORMAL : SD_EVENT_PRIORITY_IMPORTANT);
    return repair->n_in_second == 1 || !repair->fight;
}

static void tell(struct daemon *daemon, const struct fw_disturbance *who)
{
    char others[64] = "", culprit[64] = "Another program";

    if (who->pid != 0)
        snprintf(culprit, sizeof(culprit), "The program %s (process %u)", who->program, who->pid);
    if (daemon->repair.n_untold > 0)
        snprintf(others, sizeof(others), " So it went %u more times since the last such line.", daemon->repair.n_untold);
    daemon->repair.n_untold = 0;
    journal_say_known(LOG_WARNING, MVPN_MESSAGE_FIREWALL_RESTORED, "%s changed or removed the firewall of the VPN; it is put back.%s", culprit, others);
}

static int on_firewall(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct daemon *daemon = userdata;
    struct fw_disturbance who = { .pid = 0 };

    (void)source, (void)fd, (void)revents;
    /* What cannot be read may have been anything. */
    if (fw_dispatch(daemon->fw, &who) == 0)
        return 0;
    /* Disabled, and yet active: it could not be removed. Somebody just did, as the user was told to. */
    if (!daemon->lockdown.active || daemon->last.state == STATE_DISABLED)
        return 0;
    if (!daemon_restore_firewall(daemon)) {
        daemon_push_simple(daemon, EVENT_FIREWALL_FAILED);
        return 0;
    }
    if (count(daemon))
        tell(daemon, &who);
    else
        daemon->repair.n_untold++;
    return 0;
}

int daemon_watch_firewall(struct daemon *daemon)
{
    int r;

    if (!daemon->fw)
        return 0;
    if (fw_fd(daemon->fw) < 0) {
        journal_say(LOG_WARNING, "Whether other programs change the firewall cannot be watched; only the next change of state will put it back.");
        return 0;
    }
    r = sd_event_add_io(daemon->loop, &daemon->repair.source, fw_fd(daemon->fw), EPOLLIN, on_firewall, daemon);
    return r < 0 ? r : sd_event_source_set_priority(daemon->repair.source, SD_EVENT_PRIORITY_IMPORTANT);
}
