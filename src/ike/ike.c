/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The adapter's face: copies what it needs of the settings, brings libcharon up and down, turns actions into jobs and letters into events.
 * Runs in the daemon's one thread; nothing here waits for the network.
 */
#include "ike/charon.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

static int copy_text(char **ret, const char *text)
{
    if (!text || !*text)
        return 0;
    *ret = strdup(text);
    return *ret ? 0 : -ENOMEM;
}

static int profile_copy(struct ike_profile *profile, const struct ike_options *options)
{
    const struct settings *settings = options->settings;
    const struct policy *policy = &settings->policy;

    profile->check_revocation = settings->check_revocation;
    profile->wallclock_floor_sec = options->wallclock_floor_sec;
    profile->mark = policy->mark;
    profile->kernel = options->kernel;
    profile->offload = options->kernel && options->offload;
    profile->migrate = policy->migrate;
    profile->port = settings->standard_ports ? IKEV2_UDP_PORT : 0;
    profile->port_nat_t = settings->standard_ports ? IKEV2_NATT_PORT : 0;
    profile->n_gateways = MIN_OF(policy->n_gateways, (uint32_t)POLICY_GATEWAYS_MAX);
    memcpy(profile->gateways, policy->gateways, sizeof(profile->gateways));
    profile->n_subnets = MIN_OF(policy->n_subnets, (uint32_t)POLICY_SUBNETS_MAX);
    memcpy(profile->subnets, policy->subnets, sizeof(profile->subnets));

    if (copy_text(&profile->local_identity, settings->local_identity) < 0 ||
        copy_text(&profile->remote_identity, settings->remote_identity) < 0 ||
        copy_text(&profile->ike_proposals, settings->ike_proposals) < 0 ||
        copy_text(&profile->esp_proposals, settings->esp_proposals) < 0 ||
        copy_text(&profile->certificate, settings->certificate) < 0 ||
        copy_text(&profile->private_key, settings->private_key) < 0 ||
        copy_text(&profile->ca_certificates, settings->ca_certificates) < 0 ||
        copy_text(&profile->crl_dir, options->crl_dir) < 0)
        return -ENOMEM;
    return profile->crl_dir ? 0 : -EINVAL;
}

static void profile_clear(struct ike_profile *profile)
{
    free(profile->local_identity);
    free(profile->remote_identity);
    free(profile->ike_proposals);
    free(profile->esp_proposals);
    free(profile->certificate);
    free(profile->private_key);
    free(profile->ca_certificates);
    free(profile->crl_dir);
    memset(profile, 0, sizeof(*profile));
}

int ike_new(struct ike **ret)
{
    struct ike *ike = calloc(1, sizeof(*ike));
    int r;

    if (!ike)
        return -ENOMEM;
    r = mailbox_new(&ike->mailbox);
    if (r < 0) {
        free(ike);
        return r;
    }
    satrack_init(&ike->track, ike->mailbox);
    pin_init(&ike->pin);
    pthread_mutex_init(&ike->offload_lock, NULL);
    *ret = ike;
    return 0;
}

void ike_free(struct ike *ike)
{
    if (!ike)
        return;
    ike_stop(ike);
    pthread_mutex_destroy(&ike->offload_lock);
    pin_destroy(&ike->pin);
    satrack_destroy(&ike->track);
    mailbox_free(ike->mailbox);
    free(ike);
}

static void reset(struct ike *ike)
{
    struct pin_target none = { 0 };

    ike->error[0] = '\0';
    pin_set(&ike->pin, &none);
    mailbox_clear(ike->mailbox);
    satrack_reset(&ike->track);
    atomic_store(&ike->n_sent, 0);
    atomic_store(&ike->n_send_errors, 0);
    atomic_store(&ike->offload_sec, 0);
}

int ike_start(struct ike *ike, const struct ike_options *options)
{
    int r;

    if (ike->running)
        return -EALREADY;
    reset(ike);
    /* once per process, before there are threads */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return library_set_error(ike, -ENOMEM, "libcurl refuses to start.");
    if ((r = profile_copy(&ike->profile, options)) < 0 || (r = fetches_new(ike, &ike->fetches)) < 0 ||
        (r = path_start(ike, options)) < 0 || (r = library_start(ike)) < 0) {
        if (ike->error[0] == '\0')
            library_set_error(ike, r, "IKE cannot be started (%s).", strerror(-r));
        ike_stop(ike);
        return r;
    }
    ike->running = true;
    return 0;
}

void ike_stop(struct ike *ike)
{
    doorbell_set(ike, false); /* libcharon leaves behind what it is not told to remove */
    library_stop(ike);
    ike->running = false;
    path_stop(ike);
    fetches_free(steal_ptr(&ike->fetches));
    profile_clear(&ike->profile);
    mailbox_clear(ike->mailbox);
}

const char *ike_error(const struct ike *ike)
{
    return ike->error;
}

static int migrate(struct ike *ike, const struct migrate_request *request)
{
    struct pin_target target = {
        .local = request->local, .remote = request->remote, .ifindex = request->ifindex
    };
    bool again = satrack_moves_to(&ike->track, &request->local, &request->remote);
    uint32_t sa;

    atomic_store(&ike->offload_sec, 0); /* libcharon makes the SAs anew, and does not know of it: asked for again when they have moved */
    snprintf(target.interface, sizeof(target.interface), "%s", request->interface);
    sa = satrack_move(&ike->track, &request->local, &request->remote);
    if (sa == 0)
        return -ENOTCONN;
    if (again) {
        job_queue(ike, JOB_REPEAT, sa);
        return 0;
    }
    pin_set(&ike->pin, &target);
    datapath_set_link(ike->datapath, target.ifindex, ike->profile.mark);
    datapath_move(ike->datapath, &target.local, &target.remote);
    job_queue(ike, JOB_MIGRATE, sa);
    return 0;
}

static int liveness(struct ike *ike)
{
    uint32_t sa = satrack_up(&ike->track, NULL);

    if (sa == 0)
        return -ENOTCONN;
    job_queue(ike, JOB_LIVENESS, sa);
    return 0;
}

static int offload(struct ike *ike, uint32_t interval_sec)
{
    uint32_t sa = satrack_up(&ike->track, NULL);

    atomic_store(&ike->offload_sec, interval_sec);
    if (sa == 0)
        return -ENOTCONN;
    job_queue(ike, JOB_OFFLOAD, sa);
    return 0;
}

static int terminate(struct ike *ike, bool silent)
{
    enum satrack_phase phase;
    uint32_t sa = satrack_end(&ike->track, silent, &phase);

    path_set_addrs(ike, NULL, 0);
    if (sa != 0)
        job_queue(ike, silent ? JOB_DESTROY : JOB_DELETE, sa);
    return 0;
}

int ike_execute(struct ike *ike, const struct action *action)
{
    if (!ike->running)
        return -ENOTCONN;
    switch (action->type) {
    case ACTION_IKE_INITIATE:
        return initiate(ike, &action->initiate);
    case ACTION_IKE_MIGRATE:
        return migrate(ike, &action->migrate);
    case ACTION_IKE_LIVENESS:
        return liveness(ike);
    case ACTION_IKE_TERMINATE:
        return terminate(ike, action->silent);
    case ACTION_KEEPALIVE:
        return job_send_keepalive(ike);
    case ACTION_OFFLOAD_KEEPALIVES:
        return offload(ike, action->offload_sec);
    case ACTION_WATCH_TRAFFIC: /* after the routing of its turn, so the interface is ready for what waited */
        path_watch(ike, satrack_attempt(&ike->track));
        return 0;
    case ACTION_WATCH_DEMAND:
        return path_watch_demand(ike);
    case ACTION_FETCH_REPLY:
        fetches_reply(ike->fetches, &action->fetch_reply);
        return 0;
    case ACTION_FIREWALL:
    case ACTION_ROUTING:
    case ACTION_STORE:
    case ACTION_FIND_RESOLVERS:
    case ACTION_RESOLVE:
    case ACTION_RESOLVE_CANCEL:
    case ACTION_IKE_START:
    case ACTION_IKE_STOP:
    case ACTION_PROBE_SEND:
    case ACTION_PROBE_CLOSE:
    case ACTION_NAT_RECALL:
    case ACTION_NAT_REMEMBER:
    case ACTION_DNS:
    case ACTION_CHARACTER:
    case ACTION_SLEEP_READY:
    case ACTION_REMEMBER:
        return -ENOTSUP;
    }
    return -ENOTSUP;
}

int ike_set_tun(struct ike *ike, int tun_fd)
{
    return path_set_tun(ike, tun_fd);
}

int ike_fd(const struct ike *ike)
{
    return mailbox_fd(ike->mailbox);
}

bool ike_pop(struct ike *ike, struct event *ret)
{
    return mailbox_take(ike->mailbox, satrack_attempt(&ike->track), ret);
}

void ike_get_stats(struct ike *ike, struct ike_stats *ret)
{
    struct datapath_stats stats = { 0 };

    memset(ret, 0, sizeof(*ret));
    path_get_stats(ike, &stats, &ret->traffic);
    ret->rx_bytes = stats.rx_bytes;
    ret->rx_packets = stats.rx_packets;
    ret->tx_bytes = stats.tx_bytes;
    ret->tx_packets = stats.tx_packets;
    ret->n_rekeys = satrack_n_rekeys(&ike->track);
}

uint32_t ike_count_sas(struct ike *ike)
{
    return ike->datapath ? datapath_count_sas(ike->datapath) : 0;
}
