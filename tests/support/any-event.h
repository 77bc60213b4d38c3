/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Any event at all from a stream of bytes: valid in form (counts within bounds, enums within range, text terminated), arbitrary in content.
 * For the fuzzers of the core and the round trip of the record format. Never invents what the bytes do not say: no bytes, all zero.
 */
#include "core/event.h"

struct byte_stream {
    const uint8_t *bytes;
    size_t n_bytes;
};

struct any_event_storage {
    struct policy policy;
    struct link_set links;
};

uint64_t byte_stream_number(struct byte_stream *stream, unsigned n_bytes); /* at the end: 0 */

void any_policy(struct byte_stream *stream, struct policy *ret);
void any_links(struct byte_stream *stream, struct link_set *ret);

/* Moments in payloads lie within a few minutes of now, spans are up to a day: what adapters really deliver. */
void any_event(
    struct byte_stream *stream, usec_t now_usec, struct any_event_storage *storage, struct event *ret);
