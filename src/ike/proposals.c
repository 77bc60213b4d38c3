/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What we offer. By default AEAD ciphers, SHA-2 and the groups ECP-384, X25519 and ECP-256, nothing weaker; or what the administrator
 * wrote in strongSwan's notation. The first group is the guess that goes with the first message.
 * The second ESP proposal has no group: gateways that rekey without a new exchange are common. Extended sequence numbers are offered
 * beside short ones (RFC 7296, 3.3.2: who supports them should offer both); the gateway chooses.
 */
#include "ike/charon.h"

#include "base/cleanup.h"

#include <errno.h>

#define IKE_DEFAULT "aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-ecp384-x25519-ecp256"
#define ESP_DEFAULT                                                                                          \
    "aes256gcm16-aes128gcm16-chacha20poly1305-ecp384-x25519-ecp256-esn-noesn "                               \
    "aes256gcm16-aes128gcm16-chacha20poly1305-esn-noesn"

typedef void (*take_proposal)(void *config, proposal_t *proposal);

static void take_ike(void *config, proposal_t *proposal)
{
    ike_cfg_t *ike_cfg = config;

    ike_cfg->add_proposal(ike_cfg, proposal);
}

static void take_esp(void *config, proposal_t *proposal)
{
    child_cfg_t *child_cfg = config;

    child_cfg->add_proposal(child_cfg, proposal);
}

static void take_none(void *config, proposal_t *proposal)
{
    (void)config;
    proposal->destroy(proposal);
}

/* Every proposal of a list; -EINVAL: this word (in text, cut off by a NUL) is none. */
static int for_each(char *text, protocol_id_t protocol, take_proposal take, void *config, char **ret_word)
{
    char *rest = NULL;

    for (char *word = strtok_r(text, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest)) {
        proposal_t *proposal = proposal_create_from_string(protocol, word);

        *ret_word = word;
        if (!proposal)
            return -EINVAL;
        take(config, proposal);
    }
    return *ret_word ? 0 : -ENODATA;
}

static int check(struct ike *ike, const char *configured, protocol_id_t protocol, const char *key)
{
    _cleanup_free_ char *text = NULL;
    char *word = NULL;

    if (!configured)
        return 0;
    text = strdup(configured);
    if (!text)
        return library_set_error(ike, -ENOMEM, "Out of memory.");
    if (for_each(text, protocol, take_none, NULL, &word) < 0)
        return library_set_error(ike, -EINVAL,
            "%s=: \"%s\" is no proposal that strongSwan understands and this system supports (example: %s).",
            key, word ? word : configured,
            protocol == PROTO_IKE ? "aes256gcm16-prfsha384-ecp384" : "aes256gcm16-ecp384");
    return 0;
}

int proposals_check(struct ike *ike)
{
    int r = check(ike, ike->profile.ike_proposals, PROTO_IKE, "IKEProposals");

    return r < 0 ? r : check(ike, ike->profile.esp_proposals, PROTO_ESP, "ESPProposals");
}

void proposals_add_ike(const struct ike *ike, ike_cfg_t *config)
{
    _cleanup_free_ char *text = strdup(ike->profile.ike_proposals ? ike->profile.ike_proposals : IKE_DEFAULT);
    char *word = NULL;

    if (text)
        (void)for_each(text, PROTO_IKE, take_ike, config, &word);
}

void proposals_add_esp(const struct ike *ike, child_cfg_t *config)
{
    _cleanup_free_ char *text = strdup(ike->profile.esp_proposals ? ike->profile.esp_proposals : ESP_DEFAULT);
    char *word = NULL;

    if (text)
        (void)for_each(text, PROTO_ESP, take_esp, config, &word);
}
