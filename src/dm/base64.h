/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Base64 (RFC 4648), read as real servers write it: blanks and line breaks anywhere, padding or none. Anything else in it is refused.
 */
#include <stddef.h>

#define DM_BASE64_SIZE(n_bytes) (((n_bytes) + 2) / 3 * 4 + 1) /* with the NUL */

/* Into ret (size >= DM_BASE64_SIZE(n_bytes)), NUL-terminated; length of the text, 0 where it does not fit. */
size_t dm_base64_encode(const void *bytes, size_t n_bytes, char *ret, size_t size);
/* 0; -EINVAL where it is not base64, -ENOSPC where size is too small (n_text / 4 * 3 + 3 is always enough). Outputs untouched then, but for
 * the bytes in ret. */
int dm_base64_decode(const char *text, size_t n_text, void *ret, size_t size, size_t *ret_n_bytes);
