/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Every way of enrolment behind one face: the table of them. Adds nothing to what the engines do.
 */
#include "dm/enrolled.h"
#include "dm/exchange.h"

struct dm_method {
    const char *name;
    void *(*make)(const struct dm_enrol_wish *wish);
    int (*next)(void *engine, struct dm_exchange *ret, struct dm_error *error);
    int (*answer)(void *engine, const struct dm_answer *answer, struct dm_error *error);
    void (*take)(void *engine, struct dm_enrolled *ret);
    struct evp_pkey_st *(*pending_key)(void *engine); /* of a request that stands; NULL: none, or no such way */
    void (*free)(void *engine);
};

/* NULL: there is none of that name. */
const struct dm_method *dm_method_find(const char *name);
