/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Status as a list of named, typed fields: the one place that says which fields there are, what they are called in JSON and on D-Bus,
 * and when they are null. The two renderers (status_json.c, properties.c) only print it, so they cannot disagree.
 * Pure: borrows from the report, allocates nothing, reads no clock.
 */
#include "bus/report.h"

/* Objects of design.md section 7; TOP holds the fields that stand in no object. */
enum status_part {
    STATUS_PART_TOP,
    STATUS_PART_GATEWAY,
    STATUS_PART_BASE_LINK,
    STATUS_PART_TUNNEL,
    STATUS_PART_NAT,
    STATUS_PART_KEEPALIVE,
    STATUS_PART_RETRY,
    STATUS_PART_CERTIFICATE,
    STATUS_PART_MANAGEMENT,
};
#define N_STATUS_PARTS (STATUS_PART_MANAGEMENT + 1)

enum status_kind {         /* JSON                             D-Bus */
    STATUS_KIND_FLAG,      /* true, false                      b */
    STATUS_KIND_TEXT,      /* string                           s */
    STATUS_KIND_COUNT,     /* number                           t */
    STATUS_KIND_SPAN,      /* seconds                          d, seconds */
    STATUS_KIND_AGE,       /* seconds since then               t, CLOCK_BOOTTIME microseconds */
    STATUS_KIND_DEADLINE,  /* seconds until then               t, CLOCK_BOOTTIME microseconds */
    STATUS_KIND_DATE,      /* seconds until then, may be past  x, seconds since 1970 */
    STATUS_KIND_ADDRESS,   /* string                           s */
    STATUS_KIND_ADDRESSES, /* array of strings                 as */
};

struct status_field {
    const char *key;     /* in JSON */
    const char *bus_key; /* property (TOP) or key of the a{sv} */
    enum status_kind kind;
    bool is_null;
    bool counts; /* goes up by itself: a new value is no news */
    union {
        bool flag;
        const char *text;
        uint64_t count;
        usec_t usec; /* SPAN, AGE, DEADLINE */
        int64_t date_sec;
        struct {
            const struct ip_addr *addrs;
            uint32_t n_addrs; /* 1 for ADDRESS */
        };
    };
};

#define STATUS_FIELDS_MAX 9

struct status_object {
    uint32_t n_fields;
    struct status_field fields[STATUS_FIELDS_MAX];
};

void status_describe(const struct report *report, enum status_part part, struct status_object *ret);

const char *status_part_key(enum status_part part);      /* "base_link"; "" for TOP */
const char *status_part_property(enum status_part part); /* "BaseLink"; "" for TOP */
