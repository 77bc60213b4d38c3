/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * mvpnd as mvpn-dm sees it: policy goes there as text, and its status is asked. Never starts it, never decides what a policy says.
 */
#include "dm/error.h"

struct sd_bus;

/* The whole policy; "" is none. 0; -EHOSTDOWN mvpnd is not there; -EINVAL it refused the text: both with a sentence. */
int mvpnd_apply(struct sd_bus *bus, const char *text, struct dm_error *error);

/* Its status as JSON; free() it. */
int mvpnd_status(struct sd_bus *bus, char **ret);
