/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A struct of plain data as key=value lines and back, by a table of its fields. Strict: numbers are numbers, texts fit, and the last line says
 * that nothing is missing. Keys that the table does not have are passed over, so that one can go back to an older mvpn. Pure.
 */
#include <stdbool.h>
#include <stddef.h>

enum dm_field_kind {
    DM_FIELD_TEXT, /* char[size] */
    DM_FIELD_INT64, /* not negative */
    DM_FIELD_UINT32,
    DM_FIELD_BOOL,
};

struct dm_field {
    const char *key;
    size_t offset, size;
    enum dm_field_kind kind;
};

#define DM_FIELD(type, key, member, kind) { key, offsetof(type, member), sizeof(((type *)0)->member), kind }

/* 0, -E2BIG (size), -EINVAL (a text with a line break). */
int dm_fields_format(const void *record, const struct dm_field *fields, size_t n_fields, char *ret, size_t size);
/* Into a record that the caller zeroed. 0 or -EBADMSG; what was read up to there stays in it. */
int dm_fields_parse(const char *text, size_t n_bytes, const struct dm_field *fields, size_t n_fields, void *record);
