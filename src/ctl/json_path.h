/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Reading a JSON document by dotted path ("tunnel.mtu"), forgiving: what is absent, null or of another type reads as "not there", so that
 * a daemon of another version never makes mvpnctl fail.
 */
#include <stdbool.h>
#include <stddef.h>

struct json_object;

struct json_object *json_at(struct json_object *root, const char *path); /* borrowed; NULL: not there */
const char *json_text(struct json_object *root, const char *path); /* borrowed; NULL: not there */
bool json_flag(struct json_object *root, const char *path); /* false: not there */
bool json_number(struct json_object *root, const char *path, double *ret); /* false: not there */

/* The strings of an array, joined by separator, cut to size; "" when there are none. Returns buf. */
char *json_join(struct json_object *root, const char *path, const char *separator, char *buf, size_t size);
