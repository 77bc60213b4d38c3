/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The signal Event of org.mvpn1 as JSON {time, name, detail}: what `events --json` prints and `watch` remembers.
 */
#include <systemd/sd-bus.h>

struct json_object;

/* time: seconds since 1970, when the signal came in. NULL when it is not understood or there is no memory; json_object_put() it. */
struct json_object *signal_to_json(sd_bus_message *message);

/* "12:03:11  state  from=backoff to=connecting": malloc'd, printable; NULL when there is no memory. */
char *signal_to_text(struct json_object *event);
