/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/store: a policy as a file, both ways. Pure. One comment line that is mvpn's, then the text as the management server's agent gave
 * it; so the file is a configuration file like any other:
 *
 *     # mvpn policy generation=7 highest=9 trial=yes|no crc=XXXXXXXX
 *
 * The CRC-32 is that of every other byte: the line before " crc=", and what stands behind its end. A file whose first line does not begin so
 * was written by a person: it counts as generation 0, and as good. Never judges the text.
 */
#include "base/strbuf.h"
#include "store/store.h"

#include <sys/types.h>

#define POLICYFILE_HEADER_BYTES 128

void policyfile_format(const struct store_policy *policy, struct strbuf *ret);

/* 0, the header in *ret (its text untouched) and where the text begins; or -EBADMSG with both untouched. */
int policyfile_parse(const char *bytes, size_t n_bytes, struct store_policy *ret, size_t *ret_text_at);
