/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last tunnel's addresses and name servers across restarts, as one line of the record format (record.h) in the state directory. Nothing
 * depends on it: what cannot be read or written is said, and things are as they were before the first tunnel.
 */
#include "daemon/daemon.h"

#include "base/cleanup.h"
#include "daemon/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define LINE_BYTES 8192

void daemon_recall_tunnel(struct daemon *daemon)
{
    _cleanup_free_ struct record_storage *storage = calloc(1, sizeof(*storage));
    struct event event;
    usec_t now_usec = 0;
    char line[LINE_BYTES];
    int r = storage ? store_load_tunnel(daemon->store, line, sizeof(line)) : -ENOMEM;

    if (r == -ENOENT)
        return;
    if (r >= 0) {
        line[strcspn(line, "\n")] = '\0';
        r = record_parse_event(line, &now_usec, storage, &event);
    }
    if (r >= 0 && event.type == EVENT_REMEMBERED)
        daemon_push(daemon, &event);
    else
        journal_say(LOG_NOTICE, "The last tunnel's addresses in %s/last-tunnel are of no use; the gateway gives others.", daemon->paths.state_dir);
}

void daemon_remember_tunnel(struct daemon *daemon, const struct tunnel *tunnel)
{
    struct event event = { .type = EVENT_REMEMBERED, .tunnel = *tunnel };
    char text[LINE_BYTES] = "";
    struct strbuf line;
    int r;

    strbuf_init(&line, text, sizeof(text));
    if (tunnel->n_addrs > 0) {
        record_format_event(0, &event, &line);
        strbuf_add(&line, "\n");
    }
    r = store_save_tunnel(daemon->store, text);
    if (r < 0)
        journal_say(LOG_NOTICE, "The tunnel's addresses could not be recorded in %s: %s", daemon->paths.state_dir, strerror(-r));
}
