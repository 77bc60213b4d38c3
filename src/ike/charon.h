/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The one door to strongSwan's headers, and what the rooms of src/ike that call libcharon share: the adapter's whole state, which plugin
 * constructors (they get no argument) find under a name in the library's object table, and the small conversions.
 * config.h of the build that made the libraries is included before everything by the compiler's command line.
 */
#include "base/macro.h"
#include "core/offload.h"
#include "ike/datapath.h"
#include "ike/ike.h"
#include "ike/kernelpath.h"
#include "ike/mailbox.h"
#include "ike/pin.h"
#include "ike/satrack.h"

/* strongSwan's headers; nobody else includes them */
#include <library.h>
#include <daemon.h>
#include <config/child_cfg.h>
#include <config/peer_cfg.h>
#include <credentials/certificates/x509.h>
#include <credentials/sets/mem_cred.h>
#include <processing/jobs/callback_job.h>

#define IKE_ERROR_SIZE 512

/* What the settings said when ike_start() read them. */
struct ike_profile {
    char *local_identity;                              /* NULL: the certificate's subject */
    char *remote_identity;                             /* NULL: the gateway's name */
    char *ike_proposals, *esp_proposals;               /* NULL: the defaults */
    char *certificate, *private_key, *ca_certificates; /* paths or pkcs11: URIs */
    char *crl_dir;
    enum check_revocation check_revocation;
    int64_t wallclock_floor_sec;
    uint32_t mark;
    uint16_t port, port_nat_t; /* local; 0: ephemeral */
    bool kernel; /* the kernel carries ESP */
    bool offload; /* ... and may send keepalives */
    bool migrate;
    uint32_t n_gateways;
    struct gateway gateways[POLICY_GATEWAYS_MAX];
    uint32_t n_subnets;
    struct ip_prefix subnets[POLICY_SUBNETS_MAX];
};

struct fetches;
struct crlcache;

struct ike {
    struct mailbox *mailbox; /* lives from ike_new() to ike_free(): the daemon watches its descriptor */
    struct satrack track;
    struct pin pin;
    struct datapath *datapath; /* this and the following: only while running */
    struct kernelpath *kernelpath; /* NULL: the data path carries ESP itself */
    struct ike_profile profile;
    struct fetches *fetches;
    struct crlcache *crlcache;
    mem_cred_t *credentials;
    certificate_t *certificate; /* our own */
    struct cert_validator_t *validator;
    listener_t *listener;
    kernel_listener_t *kernel_listener; /* NULL: the data path carries ESP itself */
    _Atomic uint32_t spi_told_again; /* the soft expiry that libcharon is being reminded of */
    attribute_handler_t *attributes;
    _Atomic uint32_t n_sent, n_send_errors; /* IKE messages since the attempt began */
    _Atomic usec_t sent_at_usec; /* the last of them */
    _Atomic uint32_t n_keepalives; /* of our own */
    pthread_mutex_t offload_lock; /* of the watch */
    struct offload_watch offload_watch;
    _Atomic uint32_t offload_sec; /* the kernel's keepalives, as asked for; 0: none */
    bool library_up, charon_up, running;
    bool doorbell; /* the SA that leads nowhere is there */
    char error[IKE_ERROR_SIZE];
};

/* Inside of plugin constructors and other functions that get no argument. */
struct ike *ike_of_library(void);

/* library.c */
int library_start(struct ike *ike);
void library_stop(struct ike *ike);
int library_set_error(struct ike *ike, int r, const char *format, ...) _printf_(3, 4);

/* check.c: the loaded libraries' methods are where the headers say; 0 or -ELIBBAD with a sentence. */
int check_library_exports(char *ret_error, size_t size);
int check_library_layout(char *ret_error, size_t size);
int check_charon_layout(char *ret_error, size_t size);

/* plugin.c: before the plugins are loaded. */
void plugin_add_features(const struct ike *ike);
void plugin_list(const struct ike *ike, char *buf, size_t size);

/* kernel_net.c, kernel_ipsec.c, socket.c, fetcher.c */
kernel_net_t *kernel_net_create(void);
kernel_ipsec_t *kernel_ipsec_create(void);
socket_t *ike_socket_create(void);
fetcher_t *fetcher_create(void);

/* kernel_ipsec.c: what the data path reports of an SA. In its thread. */
void kernel_ipsec_notice(struct ike *ike, const struct datapath_notice *notice);

/* credentials.c */
int credentials_load(struct ike *ike);
void credentials_unload(struct ike *ike);

/* token.c: private keys and certificates in PKCS#11 tokens */
bool token_is_uri(const char *text);
int token_configure(struct ike *ike); /* settings, before the plugins are loaded */
int token_load_certificate(struct ike *ike, const char *uri, certificate_t **ret);
int token_load_key(struct ike *ike, const char *uri, private_key_t **ret);

/* validator.c, crlcache.c */
int validator_add(struct ike *ike);
void validator_remove(struct ike *ike);
time_t validator_now(const struct ike *ike);
int crlcache_new(const char *dir, struct crlcache **ret);
void crlcache_free(struct crlcache *cache);
credential_set_t *crlcache_set(struct crlcache *cache);
void crlcache_offer(struct crlcache *cache, const void *data, size_t size_bytes);
bool crlcache_revokes(struct crlcache *cache, certificate_t *subject, certificate_t *issuer);

/* fetcher.c */
int fetches_new(struct ike *ike, struct fetches **ret);
void fetches_free(struct fetches *fetches);
void fetches_stop(struct fetches *fetches); /* every fetch ends at once */
void fetches_reply(struct fetches *fetches, const struct fetch_reply *reply);

/* listener.c, attributes.c */
int listener_add(struct ike *ike);
void listener_remove(struct ike *ike);
int attributes_add(struct ike *ike);
void attributes_remove(struct ike *ike);

/* path.c: whichever of the data paths it is; as in datapath.h */
int path_start(struct ike *ike, const struct ike_options *options);
void path_stop(struct ike *ike);
int path_set_tun(struct ike *ike, int tun_fd);
void path_set_addrs(struct ike *ike, const struct ip_addr *addrs, uint32_t n_addrs);
void path_note_in(struct ike *ike);
void path_tell_mtu(struct ike *ike, const struct flow *flow); /* after the flow began or moved */
void path_watch(struct ike *ike, uint32_t attempt);
int path_watch_demand(struct ike *ike);

/* doorbell.c: the SA that leads nowhere, while armed; the kernel's path only. 0 or negative errno. */
int doorbell_set(struct ike *ike, bool on);
void path_get_stats(struct ike *ike, struct datapath_stats *ret_stats, struct traffic *ret_traffic);

/* kernelesp.c: what libcharon is told where the kernel carries ESP */
void kernelesp_settings(const struct ike *ike);
void kernelesp_child(const struct ike *ike, child_cfg_create_t *create);
void kernelesp_socket(int fd); /* one whose ESP the kernel takes */
int kernelesp_start(struct ike *ike); /* these two do nothing where it does not */
void kernelesp_stop(struct ike *ike);

/* proposals.c, initiate.c */
int proposals_check(struct ike *ike);
void proposals_add_ike(const struct ike *ike, ike_cfg_t *config);
void proposals_add_esp(const struct ike *ike, child_cfg_t *config);
int initiate(struct ike *ike, const struct initiate_request *request);
identification_t *initiate_gateway_identity(const struct ike *ike, uint32_t gateway_index);

/* jobs.c: what is done with an IKE SA, in libcharon's threads */
enum job_kind {
    JOB_ESTABLISHED, /* read what was negotiated and tell */
    JOB_OBSERVE,     /* read the path and tell */
    JOB_MIGRATE,
    JOB_REPEAT,      /* what is under way once more, before its timeout */
    JOB_LIVENESS,
    JOB_REKEYED, /* the new IKE SA knows nothing of the mapping yet, and has CHILD SAs to end */
    JOB_DELETE,    /* with a DELETE exchange */
    JOB_DESTROY,   /* without a word */
    JOB_CHILDLESS, /* delete it when no CHILD SA is left */
    JOB_OFFLOAD,   /* the kernel's keepalives are as asked for */
    JOB_RENEW,     /* rekey the CHILD SA, unless that is under way */
};
void job_queue(struct ike *ike, enum job_kind kind, uint32_t sa);
int job_send_keepalive(struct ike *ike);

/* convert.c */
host_t *host_of_addr(const struct ip_addr *addr, uint16_t port);
struct ip_addr addr_of_host(host_t *host);
struct ip_prefix prefix_of_selector(traffic_selector_t *selector);
struct flow flow_of_hosts(host_t *local, host_t *remote);
