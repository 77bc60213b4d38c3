/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as a record. What is read is written and read again as the same; what is refused leaves the outputs untouched. The first line may
 * be the beginning.
 */
#include "daemon/record.h"
#include "fuzz/target.h"

#include <stdbool.h>
#include <string.h>

static char written[RECORD_LINE_MAX_BYTES];

static bool same(const struct event *a, const struct event *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == EVENT_POLICY)
        return a->ike_changed == b->ike_changed && memcmp(a->policy, b->policy, sizeof(*a->policy)) == 0;
    if (a->type == EVENT_LINKS)
        return memcmp(a->links, b->links, sizeof(*a->links)) == 0;
    return memcmp(a, b, sizeof(*a)) == 0;
}

static void try_event(const char *line)
{
    static struct record_storage storage, storage_again;
    struct event event, again, untouched;
    struct strbuf out;
    usec_t now_usec = SEC(1000), now_again_usec = 0;

    memset(&event, 0xaa, sizeof(event));
    memset(&untouched, 0xaa, sizeof(untouched));
    if (record_parse_event(line, &now_usec, &storage, &event) < 0) {
        MUST_HOLD(now_usec == SEC(1000));
        MUST_HOLD(memcmp(&event, &untouched, sizeof(event)) == 0);
        return;
    }
    strbuf_init(&out, written, sizeof(written));
    record_format_event(now_usec, &event, &out);
    MUST_HOLD(!out.truncated);
    MUST_HOLD(record_parse_event(written, &now_again_usec, &storage_again, &again) == 0);
    MUST_HOLD(now_again_usec == now_usec);
    MUST_HOLD(same(&event, &again));
}

static void try_begin(const char *line)
{
    struct policy policy, again;
    uint64_t seed = 1, seed_again = 2;
    struct strbuf out;

    if (record_parse_begin(line, &seed, &policy) < 0)
        return;
    strbuf_init(&out, written, sizeof(written));
    record_format_begin(seed, &policy, &out);
    MUST_HOLD(!out.truncated);
    MUST_HOLD(record_parse_begin(written, &seed_again, &again) == 0);
    MUST_HOLD(seed_again == seed && memcmp(&again, &policy, sizeof(policy)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    char *text = malloc(n_bytes + 1), *line, *rest = text;

    if (!text)
        return 0;
    memcpy(text, bytes, n_bytes);
    text[n_bytes] = '\0';
    while ((line = strsep(&rest, "\n"))) {
        try_event(line);
        try_begin(line);
    }
    free(text);
    return 0;
}
