/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Tells that an outbound packet passes an interface, once each time it is asked: a packet socket that looks away in between, so that nothing
 * is copied and nobody is woken for the packets that follow. What it sees of a packet (one byte) is thrown away. Link-local packets,
 * multicast and broadcast do not count, as with a data path of our own.
 */
#include <stdbool.h>
#include <stdint.h>

struct tap {
    int fd; /* poll it for input while armed; -1: closed */
    bool armed;
};

int tap_open(int ifindex, struct tap *ret); /* not armed; 0 or negative errno */
void tap_close(struct tap *tap);

/* The next outbound packet makes the descriptor readable. */
void tap_arm(struct tap *tap);

/* The first so many bytes of outbound packets that count; the packet socket's begin with the IP header. 0 or negative errno. */
int tap_filter(int fd, uint32_t bytes);

/* Forgets what has come, and looks away. */
void tap_disarm(struct tap *tap);
