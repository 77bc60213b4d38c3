/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table, and one line for each function whose pointer type differs.
 */
#include "dm/method.h"

#include "base/macro.h"
#include "dm/est.h"
#include "dm/mde2.h"
#include "dm/scep.h"

#include <string.h>

static void *make_est(const struct dm_enrol_wish *wish)
{
    return est_new(wish);
}

static int next_est(void *engine, struct dm_exchange *ret, struct dm_error *error)
{
    return est_next(engine, ret, error);
}

static int answer_est(void *engine, const struct dm_answer *answer, struct dm_error *error)
{
    return est_answer(engine, answer, error);
}

static void take_est(void *engine, struct dm_enrolled *ret)
{
    est_take(engine, ret);
}

static struct evp_pkey_st *pending_est(void *engine)
{
    return est_pending_key(engine);
}

static void free_est(void *engine)
{
    est_free(engine);
}

static void *make_scep(const struct dm_enrol_wish *wish)
{
    return scep_new(wish);
}

static int next_scep(void *engine, struct dm_exchange *ret, struct dm_error *error)
{
    return scep_next(engine, ret, error);
}

static int answer_scep(void *engine, const struct dm_answer *answer, struct dm_error *error)
{
    return scep_answer(engine, answer, error);
}

static void take_scep(void *engine, struct dm_enrolled *ret)
{
    scep_take(engine, ret);
}

static struct evp_pkey_st *pending_scep(void *engine)
{
    return scep_pending_key(engine);
}

static void free_scep(void *engine)
{
    scep_free(engine);
}

static void *make_mde2(const struct dm_enrol_wish *wish)
{
    return mde2_new(wish);
}

static int next_mde2(void *engine, struct dm_exchange *ret, struct dm_error *error)
{
    return mde2_next(engine, ret, error);
}

static int answer_mde2(void *engine, const struct dm_answer *answer, struct dm_error *error)
{
    return mde2_answer(engine, answer, error);
}

static void take_mde2(void *engine, struct dm_enrolled *ret)
{
    mde2_take(engine, ret);
}

static void free_mde2(void *engine)
{
    mde2_free(engine);
}

static const struct dm_method methods[] = {
    { "mde2", make_mde2, next_mde2, answer_mde2, take_mde2, NULL, free_mde2 },
    { "est", make_est, next_est, answer_est, take_est, pending_est, free_est },
    { "scep", make_scep, next_scep, answer_scep, take_scep, pending_scep, free_scep },
};

const struct dm_method *dm_method_find(const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}
