/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What holds after every step of a core, whatever happened: the promises of design.md as predicates over a mirror. Each is written from the
 * contract, not from the core's code. Only mirror.c calls these.
 */
#include "support/mirror.h"

void mirror_violate(struct mirror *mirror, const char *format, ...) __attribute__((format(printf, 2, 3)));

void invariants_check(struct mirror *mirror, const struct event *event);

/* IKE may go to this address only when the lockdown that is in force admits it and a host route over that link leads there. */
void invariants_check_contact(
    struct mirror *mirror, const struct ip_addr *remote, const struct ip_addr *local, int ifindex);
void invariants_check_resolve(struct mirror *mirror, const struct resolve_request *request);
void invariants_check_fetch(struct mirror *mirror, const struct ip_addr *addr);
void invariants_check_probe(struct mirror *mirror, const struct probe_send *send);
