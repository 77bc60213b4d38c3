/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The JSON documents of `mvpnctl status --json` and `links --json` (design.md, section 7), as text. Key order is part of the contract.
 * Pure; bus_render_status() of bus.h is implemented here, too, so that its tests link no D-Bus.
 */
#include "bus/report.h"

/* One row per link; *ret is malloc'd. The i-th link and verdict come from get_link. 0 or -ENOMEM. */
int links_render_json(uint32_t n_links,
    const struct link *(*get_link)(void *userdata, uint32_t i, struct link_verdict *ret), void *userdata, char **ret);
