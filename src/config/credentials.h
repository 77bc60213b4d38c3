/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Our own certificate, key and CAs judged before anything is sent: do they load, fit and chain, from when to when are they valid?
 * Used by mvpnd before an attempt and by `mvpnctl check`. Never uses the network, never keeps a private key in memory after the answer.
 */
#include "config/settings.h"
#include "core/event.h"

struct credentials_report {
    struct credentials
        credentials; /* for the core; problem NONE, CERTIFICATE_INVALID, KEY_MISMATCH or CONFIG_INCOMPLETE */
    char subject[256]; /* RFC 2253 text, "" when unknown */
    char detail[512];  /* what is wrong with which file and what to do; "" when nothing is */
    bool key_in_token; /* pkcs11: URI: not opened here */
    bool chain_checked,
        chain_ok; /* does one of our CAs issue our certificate? (a warning only: the gateway may use another CA) */
    uint32_t n_cas; /* CA certificates found */
};

/* Always fills *ret; 0, or negative errno when memory is short. */
int credentials_judge(const struct settings *settings, struct credentials_report *ret);
