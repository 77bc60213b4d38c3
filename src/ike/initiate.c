/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One attempt as libcharon wants it described: addresses, identities, what the gateway must prove, what we ask for; and the job that
 * begins it. IKEv2 only, one try, no reauthentication, no retry by libcharon. The SA goes by its unique id from the first moment.
 */
#include "ike/charon.h"

#include <errno.h>
#include <stdio.h>

#define CONFIG_NAME "mvpn"

/* Rekeying in seconds: early enough that a gateway's own limits (often 4 h and 1 h) are not met first too often. */
#define IKE_REKEY_SEC    14400
#define IKE_JITTER_SEC   720
#define IKE_OVER_SEC     1440
#define CHILD_REKEY_SEC  3600
#define CHILD_JITTER_SEC 360
#define CHILD_OVER_SEC   400

/* What signatures and keys of the gateway and its CAs are accepted: RSA from 2048 bits, ECDSA from 256, EdDSA; SHA-2. */
#define GATEWAY_KEYS                                                                                         \
    "rsa-2048-sha256-sha384-sha512-rsa/"                                                                     \
    "pss-2048-sha256-sha384-sha512-ecdsa-256-sha256-sha384-sha512-ed25519-identity-"                         \
    "ed448-identity"

struct attempt {
    struct ike *ike;
    uint32_t number;
    uint32_t old_sa; /* of the attempt before; 0: none */
    peer_cfg_t *peer_cfg;
    child_cfg_t *child_cfg;
};

/* For tests of rekeying: seconds of a CHILD SA, twice as many of an IKE SA; 0: the real ones. */
static unsigned test_rekey_sec(void)
{
    const char *text = getenv("MVPN_TEST_REKEY_SEC");

    return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

identification_t *initiate_gateway_identity(const struct ike *ike, uint32_t gateway_index)
{
    if (ike->profile.remote_identity)
        return identification_create_from_string(ike->profile.remote_identity);
    if (gateway_index < ike->profile.n_gateways)
        return identification_create_from_string((char *)ike->profile.gateways[gateway_index].name);
    return NULL;
}

static ike_cfg_t *create_ike_cfg(const struct ike *ike, const struct initiate_request *request)
{
    char local[IP_ADDR_TEXT_SIZE], remote[IP_ADDR_TEXT_SIZE];
    ike_cfg_create_t create = {
        .version = IKEV2,
        .local = ip_addr_format(&request->local, local, sizeof(local)),
        .local_port = charon->socket->get_port(charon->socket, FALSE),
        .remote = ip_addr_format(&request->remote, remote, sizeof(remote)),
        .remote_port = request->remote_port ? request->remote_port : IKEV2_UDP_PORT,
        .fragmentation = FRAGMENTATION_YES,
    };
    ike_cfg_t *config;

    /* any other port than 500 carries the non-ESP marker from the first message on (RFC 7296, 2.23) */
    if (create.remote_port != IKEV2_UDP_PORT)
        create.local_port = charon->socket->get_port(charon->socket, TRUE);
    config = ike_cfg_create(&create);
    proposals_add_ike(ike, config);
    return config;
}

static auth_cfg_t *create_local_auth(const struct ike *ike)
{
    identification_t *subject = ike->certificate->get_subject(ike->certificate);
    auth_cfg_t *auth = auth_cfg_create();

    auth->add(auth, AUTH_RULE_AUTH_CLASS, AUTH_CLASS_PUBKEY);
    auth->add(auth, AUTH_RULE_SUBJECT_CERT, ike->certificate->get_ref(ike->certificate));
    auth->add(auth, AUTH_RULE_IDENTITY,
        ike->profile.local_identity ? identification_create_from_string(ike->profile.local_identity)
                                    : subject->clone(subject));
    return auth;
}

static auth_cfg_t *create_gateway_auth(const struct ike *ike, identification_t *identity)
{
    auth_cfg_t *auth = auth_cfg_create();

    auth->add(auth, AUTH_RULE_AUTH_CLASS, AUTH_CLASS_PUBKEY);
    auth->add(auth, AUTH_RULE_IDENTITY, identity);
    /*
     * RemoteIdentity= is asked for by name (IDr, RFC 7296 2.2), as a gateway of many identities needs. The configured name alone is not: a
     * gateway that calls itself by its certificate's subject is fine when the certificate names what we want.
     */
    auth->add(auth, AUTH_RULE_IDENTITY_LOOSE, ike->profile.remote_identity == NULL);
    auth->add_pubkey_constraints(auth, GATEWAY_KEYS, TRUE);
    if (ike->profile.check_revocation == CHECK_REVOCATION_STRICT)
        auth->add(auth, AUTH_RULE_CRL_VALIDATION, VALIDATION_GOOD);
    return auth;
}

/* The addresses that we had are asked for again; of a family without one, any. */
static void add_virtual_ips(peer_cfg_t *config, const struct initiate_request *request)
{
    bool ipv4 = false, ipv6 = false;

    for (uint32_t i = 0; i < request->n_addrs && i < TUNNEL_ADDRS_MAX; i++) {
        config->add_virtual_ip(config, host_of_addr(&request->addrs[i], 0));
        ipv4 |= request->addrs[i].family == 4;
        ipv6 |= request->addrs[i].family == 6;
    }
    if (!ipv4)
        config->add_virtual_ip(config, host_create_any(AF_INET));
    if (!ipv6)
        config->add_virtual_ip(config, host_create_any(AF_INET6));
}

static peer_cfg_t *create_peer_cfg(
    const struct ike *ike, const struct initiate_request *request, identification_t *gateway_identity)
{
    unsigned test_sec = test_rekey_sec();
    peer_cfg_create_t create = {
        .cert_policy = CERT_ALWAYS_SEND,
        .unique = UNIQUE_REPLACE, /* INITIAL_CONTACT: the gateway forgets what it still has of us */
        .keyingtries = 1,
        .rekey_time = test_sec ? 2 * test_sec : IKE_REKEY_SEC,
        .jitter_time = test_sec ? 0 : IKE_JITTER_SEC,
        .over_time = test_sec ? 2 * test_sec : IKE_OVER_SEC,
    };
    peer_cfg_t *config;

#if MVPN_HAVE_NO_MOBIKE
    create.no_mobike = !ike->profile.migrate;
#else
    if (!ike->profile.migrate)
        create.options |= OPT_NO_MOBIKE;
#endif
    config = peer_cfg_create(CONFIG_NAME, create_ike_cfg(ike, request), &create);
    add_virtual_ips(config, request);
    config->add_auth_cfg(config, create_local_auth(ike), TRUE);
    config->add_auth_cfg(config, create_gateway_auth(ike, gateway_identity), FALSE);
    return config;
}

static child_cfg_t *create_child_cfg(const struct ike *ike)
{
    unsigned test_sec = test_rekey_sec();
    child_cfg_create_t create = {
        .mode = MODE_TUNNEL,
        .lifetime.time = {
            .rekey = test_sec ? test_sec : CHILD_REKEY_SEC,
            .life = test_sec ? 2 * test_sec : CHILD_REKEY_SEC + CHILD_OVER_SEC,
            .jitter = test_sec ? 0 : CHILD_JITTER_SEC,
        },
    };
    child_cfg_t *config;

    if (ike->profile.kernel)
        kernelesp_child(ike, &create);
    config = child_cfg_create(CONFIG_NAME, &create);
    proposals_add_esp(ike, config);
    config->add_traffic_selector(config, TRUE, traffic_selector_create_dynamic(0, 0, 65535));
    for (uint32_t i = 0; i < ike->profile.n_subnets; i++) {
        char text[IP_PREFIX_TEXT_SIZE];

        ip_prefix_format(&ike->profile.subnets[i], text, sizeof(text));
        config->add_traffic_selector(config, FALSE, traffic_selector_create_from_cidr(text, 0, 0, 65535));
    }
    return config;
}

static void attempt_destroy(void *data)
{
    struct attempt *attempt = data;

    DESTROY_IF(attempt->peer_cfg);
    DESTROY_IF(attempt->child_cfg);
    free(attempt);
}

static void destroy_old(uint32_t sa)
{
    ike_sa_t *ike_sa = sa ? charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, sa) : NULL;

    if (ike_sa)
        charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager, ike_sa);
}

static job_requeue_t run_attempt(void *data)
{
    struct attempt *attempt = data;
    struct satrack *track = &attempt->ike->track;
    ike_sa_t *ike_sa;

    destroy_old(attempt->old_sa);
    /* only what the gateway shows this time is judged, not what another attempt has left; answers of OCSP and CRLs stay */
    lib->credmgr->flush_cache(lib->credmgr, CERT_X509);
    ike_sa = charon->ike_sa_manager->checkout_by_config(charon->ike_sa_manager, attempt->peer_cfg);
    if (!ike_sa) {
        satrack_fail(track, attempt->number, REASON_INTERNAL_ERROR);
        return JOB_REQUEUE_NONE;
    }
    if (satrack_bind(track, attempt->number, ike_sa->get_unique_id(ike_sa)) &&
        ike_sa->initiate(ike_sa, attempt->child_cfg->get_ref(attempt->child_cfg), NULL) == SUCCESS)
        charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
    else
        charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager, ike_sa);
    return JOB_REQUEUE_NONE;
}

static void pin_attempt(struct ike *ike, const struct initiate_request *request)
{
    struct pin_target target = {
        .local = request->local,
        .remote = request->remote,
        .ifindex = request->ifindex,
    };

    snprintf(target.interface, sizeof(target.interface), "%s", request->interface);
    pin_set(&ike->pin, &target);
    datapath_set_link(ike->datapath, target.ifindex, ike->profile.mark);
}

int initiate(struct ike *ike, const struct initiate_request *request)
{
    identification_t *gateway_identity;
    struct attempt *attempt;

    gateway_identity = initiate_gateway_identity(ike, request->gateway_index);
    if (!gateway_identity || request->local.family != request->remote.family || request->remote.family == 0) {
        DESTROY_IF(gateway_identity);
        return -EINVAL;
    }
    attempt = calloc(1, sizeof(*attempt));
    if (!attempt) {
        gateway_identity->destroy(gateway_identity);
        return -ENOMEM;
    }
    pin_attempt(ike, request);
    path_set_addrs(ike, NULL, 0);
    atomic_store(&ike->n_sent, 0);
    atomic_store(&ike->n_send_errors, 0);

    attempt->ike = ike;
    attempt->number = request->attempt;
    attempt->old_sa = satrack_begin(&ike->track, request->attempt);
    attempt->peer_cfg = create_peer_cfg(ike, request, gateway_identity);
    attempt->child_cfg = create_child_cfg(ike);
    lib->processor->queue_job(lib->processor,
        (job_t *)callback_job_create_with_prio(run_attempt, attempt, attempt_destroy, NULL, JOB_PRIO_HIGH));
    return 0;
}
