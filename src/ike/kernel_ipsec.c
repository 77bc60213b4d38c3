/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libcharon takes for the kernel's IPsec: SAs and policies go to the data path's own (src/esp). Translates, and keeps the clock of their
 * lifetimes with libcharon's scheduler; byte counts and exhausted sequence numbers are noticed by the data path.
 * An SA moves in place when the outer addresses change: keys, sequence numbers and window go on.
 */
#include "ike/charon.h"

#include "base/clock.h"
#include "base/macro.h"
#include "ike/expiry.h"

#include <errno.h>

#define EXPIRE_AGAIN_MSEC 500

struct user_ipsec {
    kernel_ipsec_t public;
    struct ike *ike;
    struct expiries expiries; /* under the SAD's lock, like everything of an SA */
    int64_t job_at_sec;       /* libcharon will look at them then; EXPIRY_NEVER: not planned */
};

static struct ike *ike_of(kernel_ipsec_t *public)
{
    return ((struct user_ipsec *)public)->ike;
}

/* An SA as libcharon names it; SPIs are in network order there. */
struct sa_event {
    struct ike *ike;
    uint32_t spi;
    host_t *destination;
    host_t *remote; /* of a mapping */
    bool hard;
};

static void sa_event_destroy(void *data)
{
    struct sa_event *event = data;

    DESTROY_IF(event->destination);
    DESTROY_IF(event->remote);
    free(event);
}

static struct sa_event *sa_event_new(
    struct ike *ike, uint32_t spi, const struct esp_outer *outer, bool inbound)
{
    struct sa_event *event = calloc(1, sizeof(*event));

    if (!event)
        return NULL;
    event->ike = ike;
    event->spi = htonl(spi);
    event->destination = inbound ? host_of_addr(&outer->local, outer->local_port)
                                 : host_of_addr(&outer->remote, outer->remote_port);
    return event;
}

static void queue(job_t *job)
{
    lib->processor->queue_job(lib->processor, job);
}

static job_requeue_t on_expire_again(void *data)
{
    struct sa_event *event = data;

    charon->kernel->expire(charon->kernel, IPPROTO_ESP, event->spi, event->destination, false);
    return JOB_REQUEUE_NONE;
}

/*
 * libcharon forgets a soft expiry when it finds the CHILD SA between two IKE SAs, one of which is just taking the other's place. So it is told
 * again; an SA that was rekeyed meanwhile is not found, and that is all.
 */
static job_requeue_t on_expire(void *data)
{
    struct sa_event *event = data, *again;

    charon->kernel->expire(charon->kernel, IPPROTO_ESP, event->spi, event->destination, event->hard);
    again = event->hard ? NULL : calloc(1, sizeof(*again));
    if (again) {
        *again = (struct sa_event){ .ike = event->ike, .spi = event->spi };
        again->destination = event->destination->clone(event->destination);
        lib->scheduler->schedule_job_ms(lib->scheduler,
            (job_t *)callback_job_create(on_expire_again, again, sa_event_destroy, NULL), EXPIRE_AGAIN_MSEC);
    }
    return JOB_REQUEUE_NONE;
}

static struct esp_sa *find_by_spi(struct esp_sad *sad, uint32_t spi, bool inbound)
{
    struct esp_sa *sa = NULL;

    if (inbound)
        return esp_sad_inbound(sad, spi);
    while ((sa = esp_sad_next(sad, sa)))
        if (esp_sa_spi(sa) == spi && !esp_sa_is_inbound(sa))
            return sa;
    return NULL;
}

/* An SA that outlived its hard limit works no more, whether libcharon acts or not (RFC 4301, 4.4.2.1). The SAD is locked. */
static void expire(struct user_ipsec *this, struct esp_sad *sad, uint32_t spi, bool inbound, bool hard)
{
    struct esp_sa *sa = find_by_spi(sad, spi, inbound);
    struct sa_event *event;

    if (!sa)
        return;
    event = sa_event_new(this->ike, spi, esp_sa_outer(sa), inbound);
    if (hard)
        esp_sad_delete(sad, sa);
    if (!event)
        return;
    event->hard = hard;
    queue((job_t *)callback_job_create(on_expire, event, sa_event_destroy, NULL));
}

static void plan(struct user_ipsec *this);

static job_requeue_t on_time(void *data)
{
    struct user_ipsec *this = data;
    struct esp_sad *sad = datapath_lock_sad(this->ike->datapath);
    int64_t now_sec = time_monotonic(NULL);
    bool inbound, hard;
    uint32_t spi;

    while (expiries_take_due(&this->expiries, now_sec, &spi, &inbound, &hard))
        expire(this, sad, spi, inbound, hard);
    if (this->job_at_sec <= now_sec)
        this->job_at_sec = EXPIRY_NEVER;
    plan(this);
    datapath_unlock_sad(this->ike->datapath);
    return JOB_REQUEUE_NONE;
}

/* One look in libcharon's calendar for all SAs: a job for each would stay there for an hour after the SA was replaced. */
static void plan(struct user_ipsec *this)
{
    int64_t next_at_sec = expiries_next_at_sec(&this->expiries), now_sec = time_monotonic(NULL);

    if (next_at_sec >= this->job_at_sec)
        return;
    this->job_at_sec = next_at_sec;
    lib->scheduler->schedule_job(lib->scheduler, (job_t *)callback_job_create(on_time, this, NULL, NULL),
        (uint32_t)MAX_OF(next_at_sec - now_sec, (int64_t)0));
}

static job_requeue_t on_mapping(void *data)
{
    struct sa_event *event = data;

    charon->kernel->mapping(charon->kernel, IPPROTO_ESP, event->spi, event->destination, event->remote);
    return JOB_REQUEUE_NONE;
}

/* In the data path's thread, which must not wait: a job of libcharon's does the rest. */
void kernel_ipsec_notice(struct ike *ike, const struct datapath_notice *notice)
{
    struct sa_event *event = sa_event_new(ike, notice->spi, &notice->outer, notice->inbound);
    callback_job_cb_t run = on_expire;

    if (!event)
        return;
    if (notice->type == DATAPATH_NOTICE_MAPPING) {
        event->remote = host_of_addr(&notice->remote.addr, notice->remote.port);
        run = on_mapping;
    }
    event->hard = notice->type == DATAPATH_NOTICE_HARD_EXPIRE;
    queue((job_t *)callback_job_create(run, event, sa_event_destroy, NULL));
}

static kernel_feature_t ipsec_get_features(kernel_ipsec_t *public)
{
    (void)public;
    /* ESP always travels in UDP: the gateway is made to believe in a NAT (RFC 7296, 2.23). Policies name no outer address */
    return KERNEL_REQUIRE_UDP_ENCAPSULATION | KERNEL_ESP_V3_TFC | KERNEL_NO_POLICY_UPDATES;
}

static status_t ipsec_get_spi(
    kernel_ipsec_t *public, host_t *source, host_t *destination, uint8_t protocol, uint32_t *spi)
{
    struct esp_sad *sad = datapath_lock_sad(ike_of(public)->datapath);
    uint32_t reserved = 0;
    int r = protocol == IPPROTO_ESP ? esp_sad_reserve_spi(sad, &reserved) : -ENOTSUP;

    (void)source, (void)destination;
    datapath_unlock_sad(ike_of(public)->datapath);
    *spi = htonl(reserved);
    return r < 0 ? FAILED : SUCCESS;
}

static status_t ipsec_get_cpi(kernel_ipsec_t *public, host_t *source, host_t *destination, uint16_t *cpi)
{
    (void)public, (void)source, (void)destination, (void)cpi;
    return NOT_SUPPORTED;
}

static int keys_of(const kernel_ipsec_add_sa_t *data, struct esp_keys *ret)
{
    static const struct {
        uint16_t theirs;
        enum esp_encryption ours;
    } encryptions[] = {
        { ENCR_AES_GCM_ICV16, ESP_ENCRYPTION_AES_GCM_16 },
        { ENCR_CHACHA20_POLY1305, ESP_ENCRYPTION_CHACHA20_POLY1305 },
        { ENCR_AES_CBC, ESP_ENCRYPTION_AES_CBC },
    };
    static const struct {
        uint16_t theirs;
        enum esp_integrity ours;
    } integrities[] = {
        { AUTH_UNDEFINED, ESP_INTEGRITY_NONE },
        { AUTH_HMAC_SHA2_256_128, ESP_INTEGRITY_HMAC_SHA2_256_128 },
        { AUTH_HMAC_SHA2_384_192, ESP_INTEGRITY_HMAC_SHA2_384_192 },
        { AUTH_HMAC_SHA2_512_256, ESP_INTEGRITY_HMAC_SHA2_512_256 },
    };
    bool encryption = false, integrity = false;

    for (size_t i = 0; i < ELEMENTSOF(encryptions); i++)
        if (encryptions[i].theirs == data->enc_alg) {
            ret->encryption = encryptions[i].ours;
            encryption = true;
        }
    for (size_t i = 0; i < ELEMENTSOF(integrities); i++)
        if (integrities[i].theirs == data->int_alg) {
            ret->integrity = integrities[i].ours;
            integrity = true;
        }
    ret->encryption_key = data->enc_key.ptr;
    ret->encryption_key_bytes = data->enc_key.len;
    ret->integrity_key = data->int_key.ptr;
    ret->integrity_key_bytes = data->int_key.len;
    return encryption && integrity ? 0 : -ENOTSUP;
}

static struct esp_outer outer_of(host_t *source, host_t *destination, bool inbound)
{
    host_t *local = inbound ? destination : source, *remote = inbound ? source : destination;

    return (struct esp_outer){
        .local = addr_of_host(local),
        .remote = addr_of_host(remote),
        .local_port = local->get_port(local),
        .remote_port = remote->get_port(remote),
    };
}

static int64_t moment_after(uint64_t seconds)
{
    return seconds ? time_monotonic(NULL) + (int64_t)seconds : EXPIRY_NEVER;
}

static status_t ipsec_add_sa(kernel_ipsec_t *public, kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data)
{
    struct esp_sa_config config = {
        .spi = ntohl(id->spi),
        .reqid = data->reqid,
        .inbound = data->inbound,
        .esn = data->esn,
        .tfc_bytes = data->tfc,
        .outer = outer_of(id->src, id->dst, data->inbound),
        .soft = { data->lifetime->packets.rekey, data->lifetime->bytes.rekey },
        .hard = { data->lifetime->packets.life, data->lifetime->bytes.life },
    };
    struct expiry expiry = {
        .spi = config.spi,
        .inbound = config.inbound,
        .soft_at_sec = moment_after(data->lifetime->time.rekey),
        .hard_at_sec = moment_after(data->lifetime->time.life),
    };
    struct user_ipsec *this = (struct user_ipsec *)public;
    struct esp_sad *sad;
    int r;

    if (id->proto != IPPROTO_ESP || data->mode != MODE_TUNNEL || data->ipcomp != IPCOMP_NONE ||
        keys_of(data, &config.keys) < 0)
        return NOT_SUPPORTED;
    sad = datapath_lock_sad(this->ike->datapath);
    r = expiries_add(&this->expiries, &expiry) ? esp_sad_add(sad, &config, NULL) : -ENOBUFS;
    if (r >= 0)
        plan(this);
    datapath_unlock_sad(this->ike->datapath);
    return r < 0 ? FAILED : SUCCESS;
}

static struct esp_sa *find(struct esp_sad *sad, const kernel_ipsec_sa_id_t *id)
{
    struct ip_addr destination = addr_of_host(id->dst);

    return esp_sad_find(sad, ntohl(id->spi), &destination);
}

static status_t ipsec_update_sa(
    kernel_ipsec_t *public, kernel_ipsec_sa_id_t *id, kernel_ipsec_update_sa_t *data)
{
    struct esp_sad *sad = datapath_lock_sad(ike_of(public)->datapath);
    struct esp_sa *sa = find(sad, id);

    if (sa) {
        struct esp_outer outer = outer_of(data->new_src, data->new_dst, esp_sa_is_inbound(sa));

        esp_sa_set_outer(sa, &outer);
    }
    datapath_unlock_sad(ike_of(public)->datapath);
    return sa ? SUCCESS : NOT_FOUND;
}

/* In libcharon's clock, which stands still while the machine sleeps; 0: never used. */
static time_t monotonic_of(usec_t at_usec)
{
    time_t now_sec = time_monotonic(NULL);
    usec_t ago_sec = usec_sub(clock_boottime_usec(), at_usec) / SEC(1);

    if (at_usec == USEC_INFINITY)
        return 0;
    return (usec_t)now_sec > ago_sec ? now_sec - (time_t)ago_sec : 1;
}

static status_t ipsec_query_sa(kernel_ipsec_t *public, kernel_ipsec_sa_id_t *id,
    kernel_ipsec_query_sa_t *data, uint64_t *bytes, uint64_t *packets, time_t *time)
{
    struct esp_sad *sad = datapath_lock_sad(ike_of(public)->datapath);
    struct esp_sa *sa = find(sad, id);

    (void)data;
    if (sa) {
        struct esp_counters counters = esp_sa_counters(sa);

        if (bytes)
            *bytes = counters.bytes;
        if (packets)
            *packets = counters.packets;
        if (time)
            *time = monotonic_of(counters.last_use_at_usec);
    }
    datapath_unlock_sad(ike_of(public)->datapath);
    return sa ? SUCCESS : NOT_FOUND;
}

static status_t ipsec_del_sa(kernel_ipsec_t *public, kernel_ipsec_sa_id_t *id, kernel_ipsec_del_sa_t *data)
{
    struct esp_sad *sad = datapath_lock_sad(ike_of(public)->datapath);
    struct esp_sa *sa = find(sad, id);

    (void)data;
    if (sa) {
        expiries_remove(&((struct user_ipsec *)public)->expiries, esp_sa_spi(sa), esp_sa_is_inbound(sa));
        esp_sad_delete(sad, sa);
    } else {
        esp_sad_release_spi(sad, ntohl(id->spi));
    }
    datapath_unlock_sad(ike_of(public)->datapath);
    return SUCCESS;
}

static status_t ipsec_flush_sas(kernel_ipsec_t *public)
{
    struct user_ipsec *this = (struct user_ipsec *)public;

    esp_sad_flush(datapath_lock_sad(this->ike->datapath));
    this->expiries.n_expiries = 0;
    datapath_unlock_sad(ike_of(public)->datapath);
    return SUCCESS;
}

static struct ip_addr addr_of_chunk(chunk_t bytes)
{
    return bytes.len == 4 ? ip_addr_from_bytes(4, bytes.ptr) : ip_addr_from_bytes(6, bytes.ptr);
}

static struct esp_selector selector_of(traffic_selector_t *selector)
{
    return (struct esp_selector){
        .from = addr_of_chunk(selector->get_from_address(selector)),
        .to = addr_of_chunk(selector->get_to_address(selector)),
        .protocol = selector->get_protocol(selector),
        .port_from = selector->get_from_port(selector),
        .port_to = selector->get_to_port(selector),
    };
}

/* The narrower of two selectors comes first, as in the kernel's policies. */
static uint32_t priority_of(const kernel_ipsec_policy_id_t *id, const kernel_ipsec_manage_policy_t *data)
{
    host_t *source, *destination;
    uint8_t source_bits, destination_bits;

    id->src_ts->to_subnet(id->src_ts, &source, &source_bits);
    id->dst_ts->to_subnet(id->dst_ts, &destination, &destination_bits);
    source->destroy(source);
    destination->destroy(destination);
    return ((uint32_t)data->prio + 1) * 1024 - source_bits - destination_bits;
}

static struct esp_policy policy_of(
    const kernel_ipsec_policy_id_t *id, const kernel_ipsec_manage_policy_t *data)
{
    return (struct esp_policy){
        .inbound = id->dir == POLICY_IN,
        .reqid = data->sa ? data->sa->reqid : 0,
        .priority = priority_of(id, data),
        .source = selector_of(id->src_ts),
        .destination = selector_of(id->dst_ts),
    };
}

/* Forwarding is the routing's and the firewall's matter; only what protects is a policy of ours. */
static bool is_ours(const kernel_ipsec_policy_id_t *id, const kernel_ipsec_manage_policy_t *data)
{
    return id->dir != POLICY_FWD && data->type == POLICY_IPSEC;
}

static status_t ipsec_add_policy(
    kernel_ipsec_t *public, kernel_ipsec_policy_id_t *id, kernel_ipsec_manage_policy_t *data)
{
    struct esp_policy policy;
    int r;

    if (!is_ours(id, data))
        return SUCCESS;
    policy = policy_of(id, data);
    r = esp_sad_add_policy(datapath_lock_sad(ike_of(public)->datapath), &policy);
    datapath_unlock_sad(ike_of(public)->datapath);
    return r < 0 ? FAILED : SUCCESS;
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
    struct esp_policy policy;
    int r;

    if (!is_ours(id, data))
        return SUCCESS;
    policy = policy_of(id, data);
    r = esp_sad_remove_policy(datapath_lock_sad(ike_of(public)->datapath), &policy);
    datapath_unlock_sad(ike_of(public)->datapath);
    return r < 0 ? NOT_FOUND : SUCCESS;
}

static status_t ipsec_flush_policies(kernel_ipsec_t *public)
{
    esp_sad_flush_policies(datapath_lock_sad(ike_of(public)->datapath));
    datapath_unlock_sad(ike_of(public)->datapath);
    return SUCCESS;
}

static bool ipsec_bypass_socket(kernel_ipsec_t *public, int fd, int family)
{
    /* the kernel has no policy of ours */
    (void)public, (void)fd, (void)family;
    return true;
}

static bool ipsec_enable_udp_decap(kernel_ipsec_t *public, int fd, int family, uint16_t port)
{
    /* ESP stays in the socket, the data path takes it */
    (void)public, (void)fd, (void)family, (void)port;
    return true;
}

static void ipsec_destroy(kernel_ipsec_t *public)
{
    free(public);
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
    this->ike = ike_of_library();
    this->job_at_sec = EXPIRY_NEVER;
    return &this->public;
}
