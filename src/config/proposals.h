/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Proposals in strongSwan's notation ("aes256gcm16-prfsha384-ecp384"): does each word mean something, is the proposal whole, is it above
 * the floor? Decides the floor below which no file may go (DES, MD5, no encryption, groups of 1024 bits or less). Pure.
 */
#include "base/strbuf.h"

#include <stdbool.h>

enum proposal_protocol { PROPOSAL_PROTOCOL_IKE, PROPOSAL_PROTOCOL_ESP };

/* One proposal. 0, or -EINVAL with a phrase in `problem`. */
int proposal_check(enum proposal_protocol protocol, const char *text, struct strbuf *problem);
