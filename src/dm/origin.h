/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Where a server may send us: https only, and only its own origin (scheme, host, port) or one of a list that was fixed at enrolment.
 * Decides on text; never resolves a name.
 */
#include <stdbool.h>
#include <stddef.h>

struct dm_origins {
    const char *own; /* the account's address, https://host[:port]/... */
    const char *const *others; /* addresses or origins that are allowed, too */
    size_t n_others;
};

/* An https URL with a plain host name or address, no user part, and without white space, control characters or backslashes. */
bool dm_url_is_https(const char *url);
bool dm_origin_allows(const struct dm_origins *origins, const char *url);
