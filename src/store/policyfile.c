/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy file's one line of its own; see policyfile.h. Never touches the disk.
 */
#include "store/policyfile.h"

#include "base/crc32.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BEGIN "# mvpn policy "

static void format_header(const struct store_policy *policy, const char *text, size_t n_text, struct strbuf *ret)
{
    size_t begin = ret->length_bytes;
    uint32_t crc;

    strbuf_add(ret, HEADER_BEGIN "generation=%" PRIu32 " highest=%" PRIu32 " trial=%s", policy->generation, policy->highest,
        policy->on_trial ? "yes" : "no");
    crc = crc32_of(ret->text + begin, ret->length_bytes - begin) ^ crc32_of(text, n_text);
    strbuf_add(ret, " crc=%08" PRIx32 "\n", crc);
}

void policyfile_format(const struct store_policy *policy, struct strbuf *ret)
{
    format_header(policy, policy->text, strlen(policy->text), ret);
    strbuf_add(ret, "%s", policy->text);
}

/* The line is written again from what was read of it: whatever is not exactly ours does not come out the same. */
int policyfile_parse(const char *bytes, size_t n_bytes, struct store_policy *ret, size_t *ret_text_at)
{
    char line[POLICYFILE_HEADER_BYTES], wanted[POLICYFILE_HEADER_BYTES], trial[4];
    const char *end = memchr(bytes, '\n', n_bytes);
    struct store_policy policy = { 0 };
    struct strbuf again;
    size_t length;

    if (n_bytes < strlen(HEADER_BEGIN) || memcmp(bytes, HEADER_BEGIN, strlen(HEADER_BEGIN)) != 0) {
        *ret = policy;
        *ret_text_at = 0;
        return 0;
    }
    if (!end || (length = (size_t)(end + 1 - bytes)) >= sizeof(line))
        return -EBADMSG;
    memcpy(line, bytes, length);
    line[length] = '\0';
    if (sscanf(line, HEADER_BEGIN "generation=%" SCNu32 " highest=%" SCNu32 " trial=%3s", &policy.generation, &policy.highest, trial) != 3)
        return -EBADMSG;
    policy.on_trial = strcmp(trial, "yes") == 0;
    strbuf_init(&again, wanted, sizeof(wanted));
    format_header(&policy, end + 1, n_bytes - length, &again);
    if (strcmp(line, wanted) != 0)
        return -EBADMSG;
    ret->generation = policy.generation;
    ret->highest = policy.highest;
    ret->on_trial = policy.on_trial;
    *ret_text_at = length;
    return 0;
}
