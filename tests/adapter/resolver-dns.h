/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A name server on the test's own loop, UDP and TCP, that answers as the name's first label tells it to (see resolver-dns.c), so that a test
 * reads without looking elsewhere. Knows nothing of the resolver.
 */
#include <stdbool.h>
#include <systemd/sd-event.h>

struct dns_server;

enum dns_mood {
    DNS_MOOD_GOOD,
    DNS_MOOD_SILENT,
    DNS_MOOD_SERVFAIL,
};

/* Sockets are made in the present network namespace. Ends the test program where it cannot. */
struct dns_server *dns_server_new(sd_event *loop, const char *addr, enum dns_mood mood);
void dns_server_free(struct dns_server *server);

unsigned dns_server_n_queries(const struct dns_server *server);
