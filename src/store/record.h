/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/store: the record as text, both ways. Pure.
 *
 *     # comment, for whoever opens the file
 *     version=1
 *     enabled=yes | no
 *     newest-time=SECONDS        since 1970; 0: unknown
 *     checksum=XXXXXXXX          CRC-32 of every byte before this line; always the last line
 *
 * Reading is strict: each key once, whole lines, the right checksum; anything else is damage. Keys that this version does not know are
 * allowed, so that one can go back to an older mvpn, but not kept: the next write drops them.
 */
#include "base/strbuf.h"
#include "store/store.h"

#define RECORD_MAX_BYTES 4096

void record_format(const struct store_record *record, struct strbuf *ret);

/* 0, or -EBADMSG (output untouched). text need not end in NUL and may hold any bytes. */
int record_parse(const char *text, size_t n_bytes, struct store_record *ret);
