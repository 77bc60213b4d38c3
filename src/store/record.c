/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record's grammar; see record.h. Never touches the disk.
 */
#include "store/record.h"

#include "base/crc32.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE     128
#define CHECKSUM_KEY  "checksum=" /* against torn and rotten files, not against an enemy (who could write the file as well) */

void record_format(const struct store_record *record, struct strbuf *ret)
{
    strbuf_add(ret, "# Whether mvpn is on, as mvpnctl enable and mvpnctl disable left it. Written by mvpn: an edited file is taken for damaged.\n");
    strbuf_add(ret, "version=1\n");
    strbuf_add(ret, "enabled=%s\n", record->enabled ? "yes" : "no");
    strbuf_add(ret, "newest-time=%" PRId64 "\n", record->newest_time_sec);
    strbuf_add(ret, CHECKSUM_KEY "%08" PRIx32 "\n", crc32_of(ret->text, ret->length_bytes));
}

/* Takes the checksum's line off the end. 0 and the length of what it covers, or -EBADMSG. */
static int check_sum(const char *text, size_t n_bytes, size_t *ret_covered)
{
    const size_t line_length = strlen(CHECKSUM_KEY) + 9;
    char wanted[LINE_SIZE];
    struct strbuf s;
    size_t covered;

    if (n_bytes < line_length)
        return -EBADMSG;
    covered = n_bytes - line_length;
    strbuf_init(&s, wanted, sizeof(wanted));
    strbuf_add(&s, CHECKSUM_KEY "%08" PRIx32 "\n", crc32_of(text, covered));
    if (memcmp(text + covered, wanted, line_length) != 0)
        return -EBADMSG;
    *ret_covered = covered;
    return 0;
}

struct parsed {
    bool has_version, has_enabled, has_time;
    struct store_record record;
};

static int parse_flag(const char *value, bool *ret)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return -EBADMSG;
    *ret = value[0] == 'y';
    return 0;
}

static int parse_seconds(const char *value, int64_t *ret)
{
    if (!*value || strlen(value) > 18 || value[strspn(value, "0123456789")])
        return -EBADMSG;
    *ret = strtoll(value, NULL, 10);
    return 0;
}

static int parse_line(char *line, struct parsed *p)
{
    char *value = strchr(line, '=');
    bool *seen;
    int r = 0;

    if (line[0] == '#')
        return 0;
    if (!value || value == line)
        return -EBADMSG;
    *value++ = '\0';
    if (strcmp(line, "version") == 0) {
        seen = &p->has_version;
        r = strcmp(value, "1") == 0 ? 0 : -EBADMSG;
    } else if (strcmp(line, "enabled") == 0) {
        seen = &p->has_enabled;
        r = parse_flag(value, &p->record.enabled);
    } else if (strcmp(line, "newest-time") == 0) {
        seen = &p->has_time;
        r = parse_seconds(value, &p->record.newest_time_sec);
    } else {
        return 0;
    }
    if (*seen)
        return -EBADMSG;
    *seen = true;
    return r;
}

int record_parse(const char *text, size_t n_bytes, struct store_record *ret)
{
    struct parsed p = { .record.known = true };
    size_t covered = 0;
    int r = check_sum(text, n_bytes, &covered);

    if (r < 0)
        return r;
    for (size_t at = 0; at < covered;) {
        const char *end = memchr(text + at, '\n', covered - at);
        size_t length = end ? (size_t)(end - text) - at : 0;
        char line[LINE_SIZE * 2];

        if (!end || length >= sizeof(line) || memchr(text + at, '\0', length))
            return -EBADMSG;
        memcpy(line, text + at, length);
        line[length] = '\0';
        r = parse_line(line, &p);
        if (r < 0)
            return r;
        at += length + 1;
    }
    if (!p.has_version || !p.has_enabled || !p.has_time)
        return -EBADMSG;
    *ret = p.record;
    return 0;
}
