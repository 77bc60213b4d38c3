/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/sys: what only tests change about a resolver.
 */
#include "sys/resolvconf.h"
#include "sys/resolver.h"

/* Read these files in place of the system's; borrowed. */
void resolver_set_paths(struct resolver *resolver, const struct resolvconf_paths *paths);
