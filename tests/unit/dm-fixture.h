/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the tests of src/dm's codec share: parsing that must succeed or must fail, messages around a body, hexadecimal.
 */
#include "dm/message.h"

#include <stddef.h>
#include <stdint.h>

/* NULL, and the test has failed, with the sentence that was given. */
struct dm_message *must_parse(enum dm_encoding encoding, const void *bytes, size_t n_bytes);
/* The error; the test has failed where there was none, or no sentence. */
int must_fail(enum dm_encoding encoding, const void *bytes, size_t n_bytes);
/* "<SyncML>...", header and body around the commands; free() it. */
char *xml_around(const char *commands);
struct dm_message *parse_body(const char *commands);
int fail_body(const char *commands);
/* The item of the first command, or NULL. */
const struct dm_item *first_item(const struct dm_message *message);
/* Digits, anything else between them ignored, into ret. */
size_t from_hex(const char *hex, uint8_t *ret, size_t size);
