/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ESP in UDP on the libipsec library, the transform behind datapath.h. Packets are encrypted in the data path's thread and decrypted in
 * libcharon's receiver thread, without the library's own unbounded queues: when encryption is the bottleneck the device's queue fills up
 * and drops, as with a real link. Also counts every outer packet, whoever sends it, at the one point where all pass.
 */
#include "ike/charon.h"

#include <errno.h>

/* Of the socket manager: IKE, ESP and keepalives leave here. */
static status_t count_and_send(socket_manager_t *socket, packet_t *packet)
{
    struct ike *ike = ike_of_library();
    status_t status = ike->socket_send(socket, packet);

    if (status == SUCCESS) {
        atomic_fetch_add(&ike->n_sent, 1);
        datapath_note_out(ike->datapath);
    } else {
        atomic_fetch_add(&ike->n_send_errors, 1);
    }
    return status;
}

/* The SA that a policy chooses for this packet, locked until it is checked in; NULL: none. */
static ipsec_sa_t *checkout_outbound(ip_packet_t *packet)
{
    ipsec_policy_t *policy = ipsec->policies->find_by_packet(ipsec->policies, packet, FALSE, 0);
    ipsec_sa_t *sa;

    if (!policy)
        return NULL;
    sa = ipsec->sas->checkout_by_reqid(ipsec->sas, policy->get_reqid(policy), FALSE);
    policy->destroy(policy);
    return sa;
}

/* Takes the packet. */
static esp_packet_t *encrypt(ipsec_sa_t *sa, ip_packet_t *packet)
{
    host_t *source = sa->get_source(sa), *destination = sa->get_destination(sa);
    size_t length_bytes = packet->get_encoding(packet).len;
    esp_packet_t *esp;

    esp = esp_packet_create_from_payload(source->clone(source), destination->clone(destination), packet);
    if (esp->encrypt(esp, sa->get_esp_context(sa), sa->get_spi(sa)) != SUCCESS) {
        esp->destroy(esp);
        return NULL;
    }
    sa->update_usestats(sa, (uint32_t)length_bytes);
    return esp;
}

static int esp_send(void *userdata, const void *data, size_t size_bytes)
{
    chunk_t copy = chunk_clone(chunk_create((uint8_t *)data, size_bytes));
    ip_packet_t *packet = ip_packet_create(copy);
    esp_packet_t *esp;
    ipsec_sa_t *sa;
    status_t status;

    (void)userdata;
    if (!packet)
        return -EBADMSG;
    sa = checkout_outbound(packet);
    if (!sa) {
        packet->destroy(packet);
        return -ENETUNREACH;
    }
    esp = encrypt(sa, packet);
    ipsec->sas->checkin(ipsec->sas, sa);
    if (!esp)
        return -EPROTO;
    status = charon->socket->send(charon->socket, &esp->packet);
    esp->destroy(esp);
    return status == SUCCESS ? 0 : -EIO;
}

/* libipsec 5.9.8 loses memory on a packet of impossible length; such a packet is not worth its look anyway. */
static bool length_fits(esp_packet_t *esp, aead_t *aead)
{
    size_t around_bytes = 8 + aead->get_iv_size(aead) + aead->get_icv_size(aead);
    size_t length_bytes = esp->packet.get_data(&esp->packet).len;

    return length_bytes >= around_bytes && (length_bytes - around_bytes) % aead->get_block_size(aead) == 0;
}

/* In place, under the SA's lock. True: authentic, and ret_reqid says which policy must allow it. */
static bool decrypt(esp_packet_t *esp, uint32_t *ret_reqid)
{
    esp_context_t *context;
    ipsec_sa_t *sa;
    uint32_t spi;
    bool good;

    if (!esp->parse_header(esp, &spi))
        return false;
    sa = ipsec->sas->checkout_by_spi(ipsec->sas, spi, esp->get_destination(esp));
    if (!sa)
        return false;
    context = sa->get_esp_context(sa);
    good = sa->is_inbound(sa) && length_fits(esp, context->get_aead(context)) &&
           esp->decrypt(esp, context) == SUCCESS;
    if (good) {
        ip_packet_t *inner = esp->get_payload(esp);

        if (inner)
            sa->update_usestats(sa, (uint32_t)inner->get_encoding(inner).len);
        *ret_reqid = sa->get_reqid(sa);
    }
    ipsec->sas->checkin(ipsec->sas, sa);
    return good;
}

static void deliver(struct ike *ike, esp_packet_t *esp, uint32_t reqid)
{
    uint8_t next_header = esp->get_next_header(esp);
    ip_packet_t *inner = esp->get_payload(esp);
    ipsec_policy_t *policy;

    /* RFC 4303, 2.6: dummy packets (IPPROTO_NONE) are discarded */
    if (!inner || (next_header != IPPROTO_IPIP && next_header != IPPROTO_IPV6))
        return;
    policy = ipsec->policies->find_by_packet(ipsec->policies, inner, TRUE, reqid);
    if (!policy)
        return;
    policy->destroy(policy);
    datapath_deliver(ike->datapath, inner->get_encoding(inner).ptr, inner->get_encoding(inner).len);
}

/*
 * The SPI alone names the SA (RFC 4301, 4.1, unicast), but libipsec compares the address as well: while the tunnel moves, packets that
 * still arrive at the address that was just left count as arrived at the new one.
 */
static void on_esp(void *userdata, packet_t *packet)
{
    struct ike *ike = userdata;
    esp_packet_t *esp = esp_packet_create_from_packet(packet);
    struct flow flow;
    uint32_t reqid;

    if (satrack_up(&ike->track, &flow)) {
        host_t *destination = esp->get_destination(esp);
        struct ip_addr arrived_at = addr_of_host(destination);

        if (!ip_addr_equal(&arrived_at, &flow.local) && flow.local.family != 0)
            packet->set_destination(packet, host_of_addr(&flow.local, flow.local_port));
    }
    if (decrypt(esp, &reqid))
        deliver(ike, esp, reqid);
    esp->destroy(esp);
}

int esp_start(struct ike *ike)
{
    ike->socket_send = charon->socket->send;
    charon->socket->send = count_and_send;
    charon->receiver->add_esp_cb(charon->receiver, on_esp, ike);
    datapath_set_transform(ike->datapath, esp_send, ike);
    return 0;
}

void esp_stop(struct ike *ike)
{
    datapath_set_transform(ike->datapath, NULL, NULL);
    if (charon && charon->receiver)
        charon->receiver->del_esp_cb(charon->receiver, on_esp);
}
