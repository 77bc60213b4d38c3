/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libcharon takes for the kernel's IPsec: SAs and policies go to the libipsec library, which keeps them in this process. In place of
 * the kernel-libipsec plugin, which brings routes, rules and a device of its own. Learns libcharon's sockets on the way, to pin them.
 * Moves an SA in place when the outer addresses change (the plugin negotiates a new one).
 */
#include "ike/charon.h"

#define EXPIRE_AGAIN_MSEC 500

struct user_ipsec {
    kernel_ipsec_t public;
    ipsec_event_listener_t events;
    struct ike *ike;
};

/* An SA whose time to be rekeyed has come. */
struct expired {
    uint8_t protocol;
    uint32_t spi;
    host_t *destination;
};

static void expired_destroy(void *data)
{
    struct expired *expired = data;

    expired->destination->destroy(expired->destination);
    free(expired);
}

static job_requeue_t expire_again(void *data)
{
    struct expired *expired = data;

    charon->kernel->expire(charon->kernel, expired->protocol, expired->spi, expired->destination, FALSE);
    return JOB_REQUEUE_NONE;
}

/*
 * The life of an SA ended, softly or not: rekey it, or delete it. libcharon forgets the former when it finds the CHILD SA between two IKE
 * SAs, one of which is just taking the other's place. So it is told again; an SA that was rekeyed meanwhile is not found, and that is all.
 */
static void on_expire(uint8_t protocol, uint32_t spi, host_t *destination, bool hard)
{
    struct expired *expired;

    charon->kernel->expire(charon->kernel, protocol, spi, destination, hard);
    expired = hard ? NULL : calloc(1, sizeof(*expired));
    if (!expired)
        return;
    expired->protocol = protocol;
    expired->spi = spi;
    expired->destination = destination->clone(destination);
    lib->scheduler->schedule_job_ms(lib->scheduler,
        (job_t *)callback_job_create(expire_again, expired, expired_destroy, NULL), EXPIRE_AGAIN_MSEC);
}

static kernel_feature_t ipsec_get_features(kernel_ipsec_t *public)
{
    (void)public;
    /* ESP always travels in UDP: the gateway is made to believe in a NAT (RFC 7296, 2.23) */
    return KERNEL_REQUIRE_UDP_ENCAPSULATION | KERNEL_ESP_V3_TFC;
}

static status_t ipsec_get_spi(
    kernel_ipsec_t *public, host_t *source, host_t *destination, uint8_t protocol, uint32_t *spi)
{
    (void)public;
    return ipsec->sas->get_spi(ipsec->sas, source, destination, protocol, spi);
}

static status_t ipsec_get_cpi(kernel_ipsec_t *public, host_t *source, host_t *destination, uint16_t *cpi)
{
    (void)public, (void)source, (void)destination, (void)cpi;
    return NOT_SUPPORTED;
}

static status_t ipsec_add_sa(kernel_ipsec_t *public, kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data)
{
    (void)public;
    return ipsec->sas->add_sa(ipsec->sas, id->src, id->dst, id->spi, id->proto, data->reqid, id->mark,
        data->tfc, data->lifetime, data->enc_alg, data->enc_key, data->int_alg, data->int_key, data->mode,
        data->ipcomp, data->cpi, data->initiator, data->encap, data->esn, data->inbound, data->update);
}

static status_t ipsec_update_sa(
    kernel_ipsec_t *public, kernel_ipsec_sa_id_t *id, kernel_ipsec_update_sa_t *data)
{
    (void)public;
    return ipsec->sas->update_sa(ipsec->sas, id->spi, id->proto, data->cpi, id->src, id->dst, data->new_src,
        data->new_dst, data->encap, data->new_encap, id->mark);
}

static status_t ipsec_query_sa(kernel_ipsec_t *public, kernel_ipsec_sa_id_t *id,
    kernel_ipsec_query_sa_t *data, uint64_t *bytes, uint64_t *packets, time_t *time)
{
    (void)public, (void)data;
    return ipsec->sas->query_sa(
        ipsec->sas, id->src, id->dst, id->spi, id->proto, id->mark, bytes, packets, time);
}

static status_t ipsec_del_sa(kernel_ipsec_t *public, kernel_ipsec_sa_id_t *id, kernel_ipsec_del_sa_t *data)
{
    (void)public;
    return ipsec->sas->del_sa(ipsec->sas, id->src, id->dst, id->spi, id->proto, data->cpi, id->mark);
}

static status_t ipsec_flush_sas(kernel_ipsec_t *public)
{
    (void)public;
    return ipsec->sas->flush_sas(ipsec->sas);
}

static status_t ipsec_add_policy(
    kernel_ipsec_t *public, kernel_ipsec_policy_id_t *id, kernel_ipsec_manage_policy_t *data)
{
    (void)public;
    return ipsec->policies->add_policy(ipsec->policies, data->src, data->dst, id->src_ts, id->dst_ts, id->dir,
        data->type, data->sa, id->mark, data->prio);
}

static status_t ipsec_query_policy(
    kernel_ipsec_t *public, kernel_ipsec_policy_id_t *id, kernel_ipsec_query_policy_t *data, time_t *time)
{
    (void)public, (void)id, (void)data, (void)time;
    return NOT_SUPPORTED;
}

static status_t ipsec_del_policy(
    kernel_ipsec_t *public, kernel_ipsec_policy_id_t *id, kernel_ipsec_manage_policy_t *data)
{
    (void)public;
    return ipsec->policies->del_policy(ipsec->policies, data->src, data->dst, id->src_ts, id->dst_ts, id->dir,
        data->type, data->sa, id->mark, data->prio);
}

static status_t ipsec_flush_policies(kernel_ipsec_t *public)
{
    (void)public;
    return ipsec->policies->flush_policies(ipsec->policies);
}

static bool ipsec_bypass_socket(kernel_ipsec_t *public, int fd, int family)
{
    return pin_add_socket(&((struct user_ipsec *)public)->ike->pin, fd, family) == 0;
}

static bool ipsec_enable_udp_decap(kernel_ipsec_t *public, int fd, int family, uint16_t port)
{
    /* ESP stays in the socket, libcharon hands it on */
    (void)public, (void)fd, (void)family, (void)port;
    return true;
}

static void ipsec_destroy(kernel_ipsec_t *public)
{
    struct user_ipsec *this = (struct user_ipsec *)public;

    ipsec->events->unregister_listener(ipsec->events, &this->events);
    free(this);
}

kernel_ipsec_t *kernel_ipsec_create(void)
{
    struct user_ipsec *this = calloc(1, sizeof(*this));

    if (!this)
        return NULL;
    this->public = (kernel_ipsec_t){
        .get_features = ipsec_get_features,
        .get_spi = ipsec_get_spi,
        .get_cpi = ipsec_get_cpi,
        .add_sa = ipsec_add_sa,
        .update_sa = ipsec_update_sa,
        .query_sa = ipsec_query_sa,
        .del_sa = ipsec_del_sa,
        .flush_sas = ipsec_flush_sas,
        .add_policy = ipsec_add_policy,
        .query_policy = ipsec_query_policy,
        .del_policy = ipsec_del_policy,
        .flush_policies = ipsec_flush_policies,
        .bypass_socket = ipsec_bypass_socket,
        .enable_udp_decap = ipsec_enable_udp_decap,
        .destroy = ipsec_destroy,
    };
    this->events.expire = on_expire;
    this->ike = ike_of_library();
    ipsec->events->register_listener(ipsec->events, &this->events);
    return &this->public;
}
