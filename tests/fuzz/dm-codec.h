/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the fuzz targets of OMA DM's codec share: a message that was taken must go both ways and come back the same; corpus files that are
 * binary are written in hexadecimal behind "hex:".
 */
#include "dm/message.h"

#include <stddef.h>
#include <stdint.h>

/* Any bytes as a message, whole and in pieces: the same verdict. What is taken is written in both encodings, read again and written again. */
void fuzz_message(enum dm_encoding encoding, const uint8_t *bytes, size_t n_bytes);

/* The bytes that a corpus file stands for, into buf; n_bytes and bytes themselves where it does not begin with "hex:". */
const uint8_t *fuzz_unhex(const uint8_t *bytes, size_t n_bytes, uint8_t *buf, size_t size, size_t *ret_n_bytes);
