/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in the kernel for a tunnel that is only wanted on demand: without any SA a packet into the interface would come back as an ICMP
 * error, and a program gives up on that. So while armed there is one SA that leads nowhere: its packets are encrypted by a key that nobody
 * knows, and sent to the discard port (RFC 863) of this machine itself, by UDP, so that no ESP looks at them. The packet itself has been kept
 * before (keeper.h). Of lowest priority: the tunnel's own policies win as soon as they are there.
 * Never sends anything to a wire; loses its SA and policies with the interface's others (guard, net_clear_esp).
 */
#include "ike/charon.h"

#include "core/routing.h"

#include <errno.h>

#define NOWHERE_PORT     9
#define NOWHERE_SPI      0x4d560001
#define NOWHERE_REQID    0x4d56
#define NOWHERE_PRIORITY 0x7fffffff
#define KEY_BYTES        36 /* 256 bits and the salt (RFC 4106, 8.1) */

static bool random_key(uint8_t key[KEY_BYTES])
{
    rng_t *rng = lib->crypto->create_rng(lib->crypto, RNG_STRONG);
    bool done = rng && rng->get_bytes(rng, KEY_BYTES, key);

    DESTROY_IF(rng);
    return done;
}

static traffic_selector_t *everything(bool ipv6)
{
    return traffic_selector_create_from_cidr(ipv6 ? "::/0" : "0.0.0.0/0", 0, 0, 65535);
}

static int add_sa(host_t *here, host_t *nowhere)
{
    uint8_t key[KEY_BYTES];
    lifetime_cfg_t lifetime = { 0 };
    kernel_ipsec_sa_id_t id = {
        .src = here, .dst = nowhere, .spi = htonl(NOWHERE_SPI), .proto = IPPROTO_ESP, .if_id = TUNNEL_IF_ID
    };
    kernel_ipsec_add_sa_t sa = {
        .reqid = NOWHERE_REQID,
        .mode = MODE_TUNNEL,
        .src_ts = linked_list_create(),
        .dst_ts = linked_list_create(),
        .lifetime = &lifetime,
        .enc_alg = ENCR_AES_GCM_ICV16,
        .enc_key = chunk_create(key, sizeof(key)),
        .int_alg = AUTH_UNDEFINED,
        .encap = TRUE,
    };
    status_t status = random_key(key) ? charon->kernel->add_sa(charon->kernel, &id, &sa) : FAILED;

    memwipe(key, sizeof(key));
    sa.src_ts->destroy(sa.src_ts);
    sa.dst_ts->destroy(sa.dst_ts);
    return status == SUCCESS ? 0 : -EIO;
}

/* Both families into the one SA. */
static int manage_policies(host_t *here, host_t *nowhere, bool add)
{
    ipsec_sa_cfg_t cfg = {
        .mode = MODE_TUNNEL, .reqid = NOWHERE_REQID, .policy_count = 1, .esp = { TRUE, htonl(NOWHERE_SPI) }
    };
    int r = 0;

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        traffic_selector_t *from = everything(ipv6), *to = everything(ipv6);
        kernel_ipsec_policy_id_t id = { .dir = POLICY_OUT, .src_ts = from, .dst_ts = to, .if_id = TUNNEL_IF_ID };
        kernel_ipsec_manage_policy_t policy = {
            .type = POLICY_IPSEC, .manual_prio = NOWHERE_PRIORITY, .src = here, .dst = nowhere, .sa = &cfg
        };
        status_t status = add ? charon->kernel->add_policy(charon->kernel, &id, &policy)
                              : charon->kernel->del_policy(charon->kernel, &id, &policy);
        if (status != SUCCESS)
            r = -EIO;
        from->destroy(from);
        to->destroy(to);
    }
    return r;
}

static void remove_all(host_t *here, host_t *nowhere)
{
    kernel_ipsec_sa_id_t id = {
        .src = here, .dst = nowhere, .spi = htonl(NOWHERE_SPI), .proto = IPPROTO_ESP, .if_id = TUNNEL_IF_ID
    };
    kernel_ipsec_del_sa_t none = { 0 };

    manage_policies(here, nowhere, false);
    charon->kernel->del_sa(charon->kernel, &id, &none);
}

int doorbell_set(struct ike *ike, bool on)
{
    host_t *here, *nowhere;
    int r = 0;

    if (on == ike->doorbell)
        return 0;
    here = host_create_from_string("127.0.0.1", NOWHERE_PORT);
    nowhere = host_create_from_string("127.0.0.1", NOWHERE_PORT);
    if (on) {
        r = add_sa(here, nowhere);
        if (r >= 0)
            r = manage_policies(here, nowhere, true);
    }
    if (!on || r < 0)
        remove_all(here, nowhere);
    ike->doorbell = on && r >= 0;
    here->destroy(here);
    nowhere->destroy(nowhere);
    return r;
}
