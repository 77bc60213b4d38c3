/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP_UNICAST_IF rather than SO_BINDTODEVICE: packets leave by the pinned link only, while answers that are still under way on the link
 * that was just left are accepted. See pin.h.
 */
#include "ike/pin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

void pin_init(struct pin *pin)
{
    memset(pin, 0, sizeof(*pin));
    pthread_mutex_init(&pin->lock, NULL);
}

void pin_destroy(struct pin *pin)
{
    pthread_mutex_destroy(&pin->lock);
}

static int bind_socket(int fd, int family, int ifindex)
{
    uint32_t index = htonl((uint32_t)ifindex);
    int level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    int option = family == AF_INET6 ? IPV6_UNICAST_IF : IP_UNICAST_IF;

    return setsockopt(fd, level, option, &index, sizeof(index)) < 0 ? -errno : 0;
}

void pin_set(struct pin *pin, const struct pin_target *target)
{
    pthread_mutex_lock(&pin->lock);
    pin->target = *target;
    pin->recheck = false;
    for (uint32_t i = 0; i < pin->n_sockets; i++)
        (void)bind_socket(pin->sockets[i], pin->families[i], target->ifindex);
    pthread_mutex_unlock(&pin->lock);
}

void pin_get(struct pin *pin, struct pin_target *ret)
{
    pthread_mutex_lock(&pin->lock);
    *ret = pin->target;
    pthread_mutex_unlock(&pin->lock);
}

int pin_add_socket(struct pin *pin, int fd, int family)
{
    int r = -ENOBUFS;

    pthread_mutex_lock(&pin->lock);
    if (pin->n_sockets < PIN_SOCKETS_MAX) {
        pin->sockets[pin->n_sockets] = fd;
        pin->families[pin->n_sockets++] = family;
        r = pin->target.ifindex > 0 ? bind_socket(fd, family, pin->target.ifindex) : 0;
    }
    pthread_mutex_unlock(&pin->lock);
    return r;
}

void pin_forget_sockets(struct pin *pin)
{
    pthread_mutex_lock(&pin->lock);
    pin->n_sockets = 0;
    pthread_mutex_unlock(&pin->lock);
}

bool pin_source_for(struct pin *pin, const struct ip_addr *destination, bool best, struct ip_addr *ret)
{
    bool found;

    pthread_mutex_lock(&pin->lock);
    found = pin->target.remote.family != 0 && ip_addr_equal(&pin->target.remote, destination);
    if (best && pin->recheck) {
        pin->recheck = false;
        found = false;
    }
    if (found)
        *ret = pin->target.local;
    pthread_mutex_unlock(&pin->lock);
    return found;
}

void pin_recheck(struct pin *pin)
{
    pthread_mutex_lock(&pin->lock);
    pin->recheck = true;
    pthread_mutex_unlock(&pin->lock);
}
