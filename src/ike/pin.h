/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The chosen base link: local and remote outer address and interface, as the core last said. It is the only answer that libcharon gets to
 * "which source address", and every outer socket is told to leave by this interface. So nothing moves unless the core says so.
 * Never chooses; never looks at a routing table.
 */
#include "base/ipaddr.h"
#include "core/link.h"

#include <pthread.h>

#define PIN_SOCKETS_MAX 8

struct pin_target {
    struct ip_addr local, remote; /* family 0: not pinned */
    int ifindex;
    char interface[IF_NAME_SIZE];
};

struct pin {
    pthread_mutex_t lock;
    struct pin_target target;
    bool
        recheck; /* the next question about the best path is answered with "none", so that libcharon probes */
    uint32_t n_sockets;
    int sockets[PIN_SOCKETS_MAX]; /* borrowed */
    int families[PIN_SOCKETS_MAX];
};

void pin_init(struct pin *pin);
void pin_destroy(struct pin *pin);

void pin_set(struct pin *pin, const struct pin_target *target);
void pin_get(struct pin *pin, struct pin_target *ret);

/* A socket for outer packets; from now on it leaves by the pinned interface. 0 or negative errno. */
int pin_add_socket(struct pin *pin, int fd, int family);
void pin_forget_sockets(struct pin *pin);

/* Our address towards this destination; false: no way there. best: the question is which path is best, not whether one still works. */
bool pin_source_for(struct pin *pin, const struct ip_addr *destination, bool best, struct ip_addr *ret);
void pin_recheck(struct pin *pin);
