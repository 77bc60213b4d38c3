/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel releases by number. Distributions that mend an older one by a patch of their own are not believed: nothing is lost but a wake-up.
 */
#include "core/offload.h"

#include "base/macro.h"

#include <stddef.h>

#define LATE_SEC 1 /* by whole seconds */

struct release {
    unsigned major, minor, patch;
};

/* "xfrm: nat_keepalive: avoid double free on send error" and "xfrm: avoid lock inversion in nat keepalive work". */
static const struct release mended[] = { { 6, 12, 108 }, { 6, 18, 49 }, { 7, 1, 13 }, { 7, 2, 3 } };
static const struct release first = { 6, 11, 0 };
static const struct release mended_from_the_beginning = { 7, 3, 0 };

static bool read_number(const char **text, unsigned *ret)
{
    unsigned n = 0;

    if (**text < '0' || **text > '9')
        return false;
    for (; **text >= '0' && **text <= '9'; (*text)++)
        n = n < 100000 ? n * 10 + (unsigned)(**text - '0') : n;
    *ret = n;
    return true;
}

/* "7.3", "7.3-rc1", "6.12.117+deb12": what is missing is 0. */
static bool read_release(const char *text, struct release *ret)
{
    *ret = (struct release){ 0 };
    if (!read_number(&text, &ret->major) || *text++ != '.' || !read_number(&text, &ret->minor))
        return false;
    if (*text == '.') {
        text++;
        (void)read_number(&text, &ret->patch);
    }
    return true;
}

static bool is_before(const struct release *a, const struct release *b)
{
    return a->major < b->major || (a->major == b->major && a->minor < b->minor);
}

static bool is_sound(const struct release *release)
{
    for (size_t i = 0; i < ELEMENTSOF(mended); i++)
        if (release->major == mended[i].major && release->minor == mended[i].minor)
            return release->patch >= mended[i].patch;
    return !is_before(release, &mended_from_the_beginning);
}

enum offload offload_judge(const char *text)
{
    struct release release;

    if (!read_release(text, &release) || is_before(&release, &first))
        return OFFLOAD_LACKING;
    return is_sound(&release) ? OFFLOAD_SOUND : OFFLOAD_FAULTY;
}

const char *offload_sentence(enum offload offload)
{
    switch (offload) {
    case OFFLOAD_LACKING:
        break;
    case OFFLOAD_FAULTY:
        return "mvpnd sends the keepalives: this kernel's own have faults (CVE-2026-72137), which 6.12.108, 6.18.49, 7.1.13 and 7.2.3 mend.";
    case OFFLOAD_SOUND:
        return "The kernel can send the keepalives as well.";
    }
    return "mvpnd sends the keepalives.";
}

uint32_t offload_interval_sec(usec_t interval_usec)
{
    usec_t sec = usec_sub(interval_usec, SEC(LATE_SEC)) / SEC(1) * 8 / 9;

    return (uint32_t)MIN_OF(sec, (usec_t)UINT32_MAX);
}

static usec_t latest_usec(uint32_t interval_sec)
{
    return usec_mul(interval_sec, SEC(9)) / 8 + SEC(LATE_SEC);
}

void offload_give(struct offload_watch *watch, usec_t now_usec, uint32_t interval_sec)
{
    usec_t timer_usec = watch->given_sec ? usec_add(now_usec, latest_usec(watch->given_sec)) : watch->horizon_usec;

    if (interval_sec == watch->given_sec)
        return;
    /* one that is set for earlier than the new interval does no harm */
    watch->horizon_usec = interval_sec && timer_usec <= usec_add(now_usec, SEC(interval_sec)) ? 0 : timer_usec;
    watch->given_sec = interval_sec;
}

usec_t offload_counts_at(const struct offload_watch *watch)
{
    return watch->horizon_usec;
}
