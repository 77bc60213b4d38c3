/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcharon's socket: two UDP ports for each address family that the data path owns and reads. What is not ESP is put here into a bounded
 * queue, from which libcharon's receiver takes it; what libcharon sends goes out by the same sockets at once. The sockets are marked, pinned
 * to the base link and made known to the kernel's IPsec, where it is that which encrypts.
 * Ports: 500 is answered without the non-ESP marker, every other port with it (RFC 7296, 2.23), so the two stay apart.
 */
#include "ike/charon.h"

#include "base/clock.h"

#include <collections/blocking_queue.h>
#include <errno.h>

#define WAITING_MAX 64 /* IKE messages; more are a flood, and their senders repeat what matters */
#define PORT_TRIES  16

struct ike_socket {
    socket_t public;
    struct ike *ike;
    blocking_queue_t *queue; /* of packet_t */
    _Atomic unsigned n_waiting;
    uint16_t port, port_nat_t;
    socket_family_t families;
};

static host_t *host_of_endpoint(const struct udp_endpoint *endpoint)
{
    return host_of_addr(&endpoint->addr, endpoint->port);
}

/* In the data path's thread. */
static void on_message(void *userdata, const struct udp_received *message, uint16_t local_port)
{
    struct ike_socket *this = userdata;
    packet_t *packet;

    if (atomic_load(&this->n_waiting) >= WAITING_MAX || message->to.family == 0)
        return;
    packet = packet_create_from_data(host_of_endpoint(&message->from), host_of_addr(&message->to, local_port),
        chunk_clone(chunk_create(message->data, message->size_bytes)));
    atomic_fetch_add(&this->n_waiting, 1);
    this->queue->enqueue(this->queue, packet);
}

static void on_notice(void *userdata, const struct datapath_notice *notice)
{
    kernel_ipsec_notice(((struct ike_socket *)userdata)->ike, notice);
}

static status_t socket_receive(socket_t *public, packet_t **packet)
{
    struct ike_socket *this = (struct ike_socket *)public;

    *packet = this->queue->dequeue(this->queue);
    atomic_fetch_sub(&this->n_waiting, 1);
    return SUCCESS;
}

static status_t socket_send(socket_t *public, packet_t *packet)
{
    struct ike_socket *this = (struct ike_socket *)public;
    host_t *source = packet->get_source(packet), *destination = packet->get_destination(packet);
    uint16_t local_port = source->get_port(source);
    chunk_t data = packet->get_data(packet);
    struct udp_path path = {
        .remote = { addr_of_host(destination), destination->get_port(destination) },
        .tos = (uint8_t)(packet->get_dscp(packet) << 2),
    };
    int r;

    if (!source->is_anyaddr(source))
        path.local = addr_of_host(source);
    atomic_store(&this->ike->sent_at_usec, clock_boottime_usec());
    r = datapath_send(this->ike->datapath, &path, local_port ? local_port : this->port, data.ptr, data.len);
    atomic_fetch_add(r == 0 ? &this->ike->n_sent : &this->ike->n_send_errors, 1);
    return r == 0 ? SUCCESS : FAILED;
}

static uint16_t socket_get_port(socket_t *public, bool nat_t)
{
    struct ike_socket *this = (struct ike_socket *)public;

    return nat_t ? this->port_nat_t : this->port;
}

static socket_family_t socket_families(socket_t *public)
{
    return ((struct ike_socket *)public)->families;
}

static void packet_free(void *packet)
{
    ((packet_t *)packet)->destroy(packet);
}

static void socket_destroy(socket_t *public)
{
    struct ike_socket *this = (struct ike_socket *)public;

    datapath_set_handler(this->ike->datapath, NULL);
    this->queue->destroy_function(this->queue, packet_free);
    free(this);
}

/* One socket of one family: its descriptor or negative errno. */
static int open_one(struct ike_socket *this, uint8_t family, uint16_t port, bool nat_t, uint16_t *ret_port)
{
    int af = family == 6 ? AF_INET6 : AF_INET;
    int fd =
        datapath_open_socket(this->ike->datapath, family, port, this->ike->profile.mark, nat_t, ret_port);

    if (fd < 0)
        return fd;
    if (!charon->kernel->bypass_socket(charon->kernel, fd, af) ||
        (nat_t && !charon->kernel->enable_udp_decap(charon->kernel, fd, af, *ret_port)))
        return -EPERM;
    if (nat_t && this->ike->profile.kernel)
        kernelesp_socket(fd);
    return fd;
}

static int pin_one(struct ike_socket *this, int fd, int af, socket_family_t family)
{
    this->families |= family;
    return pin_add_socket(&this->ike->pin, fd, af);
}

/* libcharon knows one number for both families. An ephemeral one that is taken in the other family is drawn again. */
static int open_pair(struct ike_socket *this, uint16_t wanted, bool nat_t, uint16_t *ret_port)
{
    unsigned n_tries = wanted ? 1 : PORT_TRIES;
    int r = -EADDRINUSE;

    for (unsigned i = 0; r == -EADDRINUSE && i < n_tries; i++) {
        int fd6 = open_one(this, 6, wanted, nat_t, ret_port);
        int fd4 = open_one(this, 4, fd6 >= 0 ? *ret_port : wanted, nat_t, ret_port);

        r = fd6 >= 0 && fd4 != -EADDRINUSE ? pin_one(this, fd6, AF_INET6, SOCKET_FAMILY_IPV6) : fd4;
        if (r >= 0 && fd4 >= 0)
            r = pin_one(this, fd4, AF_INET, SOCKET_FAMILY_IPV4);
        if (fd6 >= 0 && r == -EADDRINUSE)
            datapath_close_last_socket(this->ike->datapath);
    }
    return r;
}

static int open_sockets(struct ike_socket *this)
{
    struct ike_profile *profile = &this->ike->profile;
    uint16_t port = profile->port;
    int r = open_pair(this, port, false, &this->port);

    if (r == 0) {
        port = profile->port_nat_t;
        r = open_pair(this, port, true, &this->port_nat_t);
    }
    if (r == -EADDRINUSE)
        return library_set_error(this->ike, r,
            "UDP port %u is in use: another IKE program runs here. End it, or set StandardPorts=no.", port);
    return r < 0 ? library_set_error(this->ike, r, "UDP sockets for IKE cannot be opened (%s).", strerror(-r))
                 : 0;
}

socket_t *ike_socket_create(void)
{
    struct ike_socket *this = calloc(1, sizeof(*this));

    if (!this)
        return NULL;
    this->public = (socket_t){
        .receive = socket_receive,
        .send = socket_send,
        .get_port = socket_get_port,
        .supported_families = socket_families,
        .destroy = socket_destroy,
    };
    this->ike = ike_of_library();
    this->queue = blocking_queue_create();
    if (open_sockets(this) < 0) {
        socket_destroy(&this->public);
        return NULL;
    }
    datapath_set_handler(this->ike->datapath,
        &(struct datapath_handler){ .message = on_message, .notice = on_notice, .userdata = this });
    return &this->public;
}
