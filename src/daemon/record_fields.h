/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The keys of the record format: one table of fields per payload, by which both the writer (record_format.c) and the reader (record_parse.c) go,
 * so that they cannot disagree. For these files only; the face is record.h.
 */
#include "core/event.h"

#include <stddef.h>

enum field_kind {
    FIELD_BOOL,
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_INT,
    FIELD_I64,
    FIELD_SPAN,   /* usec_t, a duration */
    FIELD_MOMENT, /* usec_t, CLOCK_BOOTTIME */
    FIELD_TEXT,   /* char[size] */
    FIELD_ADDR,   /* struct ip_addr */
    FIELD_PREFIX, /* struct ip_prefix */
    FIELD_REASON,
    FIELD_LINK_TYPE,
    FIELD_KEEPALIVE_MODE,
    FIELD_ROAMING_DETECT,
    FIELD_NAT_METHOD,
    FIELD_LINK_ADDR, /* addr/length, host bits kept */
    FIELD_ROUTE,     /* destination,via,metric */
    FIELD_GATEWAY,   /* name,port,literal */
};

/* max 0: a scalar; else an array of `size`-byte elements whose uint32_t count is at n_offset. */
struct field {
    const char *key;
    enum field_kind kind;
    size_t offset, size;
    size_t n_offset, max;
};

struct field_table {
    size_t n_fields;
    const struct field *fields;
};

/* Payload inside struct event; policy and links point elsewhere and have tables of their own. */
struct field_table record_payload_table(enum event_type type);
extern const struct field_table record_policy_table, record_policy_event_table, record_link_table;

extern const char *const record_keepalive_mode_words[3];
extern const char *const record_roaming_detect_words[3];
extern const char *const record_nat_method_words[4];
