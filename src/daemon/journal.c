/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: one structured line per transition, with a MESSAGE_ID whose catalogue entry tells what to do. The only place that logs.
 * Never writes keys, packets or identities.
 */
#include "daemon/daemon.h"

#include "base/clock.h"

#include <mvpn/messages.h>

#include <stdarg.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

static const struct {
    const char *id;
    int priority;
} messages[] = {
    [STATE_DISABLED] = { MVPN_MESSAGE_DISABLED, LOG_INFO },
    [STATE_OFFLINE] = { MVPN_MESSAGE_OFFLINE, LOG_NOTICE },
    [STATE_ARMED] = { MVPN_MESSAGE_ARMED, LOG_INFO },
    [STATE_CONNECTING] = { MVPN_MESSAGE_CONNECTING, LOG_INFO },
    [STATE_CONNECTED] = { MVPN_MESSAGE_CONNECTED, LOG_INFO },
    [STATE_BACKOFF] = { MVPN_MESSAGE_BACKOFF, LOG_NOTICE },
    [STATE_FAILED] = { MVPN_MESSAGE_FAILED, LOG_ERR },
    [STATE_DISCONNECTING] = { MVPN_MESSAGE_DISCONNECTING, LOG_INFO },
};
_Static_assert(ELEMENTSOF(messages) == N_STATES, "every state has a message");

/* By hand on a terminal, or where no journal is, the same lines go to standard error. (sd_journal_send() is silent without one.) */
static bool journal_is_there(void)
{
    return !isatty(STDERR_FILENO) && access("/run/systemd/journal/socket", W_OK) == 0;
}

static void _printf_(3, 0) say(int priority, const char *id, const char *format, va_list ap)
{
    char text[1024];

    vsnprintf(text, sizeof(text), format, ap);
    if (!journal_is_there())
        fprintf(stderr, "%s\n", text);
    else if (id)
        sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", priority, "MESSAGE_ID=%s", id, NULL);
    else
        sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", priority, NULL);
}

void journal_say(int priority, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say(priority, NULL, format, ap);
    va_end(ap);
}

void journal_say_known(int priority, const char *message_id, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say(priority, message_id, format, ap);
    va_end(ap);
}

static void describe_retry(const struct core_status *status, char *buf, size_t size)
{
    usec_t now_usec = clock_boottime_usec();

    buf[0] = '\0';
    if (status->retry_at_usec != USEC_INFINITY)
        snprintf(buf, size, "%.3f", usec_to_seconds(usec_sub(status->retry_at_usec, now_usec)));
}

void journal_transition(const struct daemon *daemon, const struct core_status *status, const char *message)
{
    const char *interface = status->has_base_link ? status->base_link.name : "";
    char retry[32];

    (void)daemon;
    describe_retry(status, retry, sizeof(retry));
    if (journal_is_there())
        sd_journal_send("MESSAGE=%s (%s): %s", state_name(status->state), reason_name(status->reason), message,
            "PRIORITY=%i", messages[status->state].priority, "MESSAGE_ID=%s", messages[status->state].id,
            "MVPN_STATE=%s", state_name(status->state), "MVPN_REASON=%s", reason_name(status->reason),
            "MVPN_BASE_LINK=%s", interface, "MVPN_RETRY_SEC=%s", retry, "MVPN_RETRY_ATTEMPT=%u", status->retry_attempt, NULL);
    else
        fprintf(stderr, "state=%s reason=%s base_link=%s retry_attempt=%u retry_sec=%s message=\"%s\"\n", state_name(status->state),
            reason_name(status->reason), interface, status->retry_attempt, retry, message);
}
