/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Events as text, one a line, in the form that the simulator's scenarios have: what MVPN_RECORD= writes, tests/sim replays.
 *
 *     begin seed=7 complete=yes gateway=vpn.example.com ...     seed and first policy of the core, once, first
 *     @12.345678 ike-failed attempt=3 reason=gateway-silent     moment (CLOCK_BOOTTIME seconds), event_name(), payload
 *     # connecting (retrying): firewall routing ike-initiate    what the core made of it; a comment to the reader
 *
 * A field that is zero, empty or "no" is left out; a list is its key several times; "link=" begins the next link. Bytes that are not plain
 * in a word are %XX. Pure: text in, text out; no file, no clock, no allocation. Never holds a secret, because events do not.
 */
#include "base/strbuf.h"
#include "core/action.h"
#include "core/event.h"
#include "core/names.h"

#define RECORD_LINE_MAX_BYTES 65536 /* any event fits */

/* What a parsed event points into; one per event that is kept. */
struct record_storage {
    struct policy policy;
    struct link_set links;
};

/* Append one line without its newline. */
void record_format_begin(uint64_t seed, const struct policy *policy, struct strbuf *ret);
void record_format_event(usec_t now_usec, const struct event *event, struct strbuf *ret);
void record_format_outcome(
    enum state state, enum reason reason, const struct action_list *actions, struct strbuf *ret);

/* 0 or -EINVAL; outputs (not the storage) are untouched on failure. */
int record_parse_begin(const char *line, uint64_t *ret_seed, struct policy *ret_policy);

/*
 * "[@moment] event payload": *now_usec is read and, where the line has a moment, set. In a payload a moment may also be "now" or "-1.5s"
 * (before now), for scenarios written by hand. 0 or -EINVAL; outputs (not the storage) are untouched on failure.
 */
int record_parse_event(const char *line, usec_t *now_usec, struct record_storage *storage, struct event *ret);
