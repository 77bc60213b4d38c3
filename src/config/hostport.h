/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * `host`, `host:port`, `[v6]`, `[v6]:port` and bare IPv6 addresses, as Gateway= and ProbeServer= take them.
 * Decides which names and addresses can be a server on the internet. Pure; never resolves a name.
 */
#include "base/strbuf.h"
#include "core/policy.h"

/* 0 and *ret, or -EINVAL with *ret untouched and a phrase in `problem` that says what is wrong and what to do. */
int hostport_parse(const char *text, struct gateway *ret, struct strbuf *problem);

/* A DNS name of letters, digits, '-' and '_' in labels, at most 253 characters; a dot at the end is allowed. */
bool hostname_is_valid(const char *name);
