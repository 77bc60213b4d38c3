/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Dictionaries of properties (a{sv}) as services send them, read without trusting them: an entry of another type than documented is passed over,
 * a text that is too long counts as empty. Keeps nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* Stands before the value, a variant. 1: read; 0: not wanted; negative errno: the message is broken. */
typedef int (*property_reader)(void *userdata, const char *name, sd_bus_message *message);

/* Every entry of the a{sv} that the message stands before. 0 or negative errno. */
int properties_read(sd_bus_message *message, property_reader reader, void *userdata);

/* For readers: one value. 1, also where it is of another type: then *ret stays as it is. Negative errno: the message is broken. */
int property_read_u32(sd_bus_message *message, uint32_t *ret);
int property_read_bool(sd_bus_message *message, bool *ret);
int property_read_text(sd_bus_message *message, char *buf, size_t size); /* of type s or o */
