/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Enrolment as Windows does it ([MS-MDE2]): discovery, certificate policies (XCEP), a token (WSTEP) that is a provisioning document; renewal
 * by one request that is signed with the old key and sent by it. An engine like est.h: which request comes next, and what was answered.
 * The services that discovery names are believed, because the server that names them is authenticated; https only.
 */
#include "dm/enrolled.h"
#include "dm/exchange.h"

struct mde2;

struct mde2 *mde2_new(const struct dm_enrol_wish *wish); /* NULL: no memory */
struct mde2 *mde2_free(struct mde2 *mde2);

/* As est_next(), est_answer(), est_take(). */
int mde2_next(struct mde2 *mde2, struct dm_exchange *ret, struct dm_error *error);
int mde2_answer(struct mde2 *mde2, const struct dm_answer *answer, struct dm_error *error);
void mde2_take(struct mde2 *mde2, struct dm_enrolled *ret);
