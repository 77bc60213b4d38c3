/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trying the kernel's IPsec out, as harmlessly as it can be: an interface is asked for without its id, which the kernel refuses only where it
 * has the kind; an SA between addresses for documentation (RFC 5737, RFC 3849), which no policy uses, is added and deleted again, and would
 * be gone after seconds if we were not to come to that. A kernel may load modules for it, as it would for the tunnel.
 */
#include "net/xfrm.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define PROBE_NAME   "mvpn-try"
#define CIPHER       "rfc4106(gcm(aes))"
#define KEY_BYTES    36 /* 256 bits and the salt (RFC 4106, 8.1) */
#define ICV_BITS     128
#define LIFETIME_SEC 5
#define SPI_MIN      256 /* lower ones are reserved (RFC 4303, 2.1) */

/* ---- interface ---- */

static int probe_interface(struct channel *channel)
{
    struct ifinfomsg info = { 0 };
    _cleanup_msg_ struct nl_msg *msg = NULL;
    int r = xfrm_create_interface(channel, PROBE_NAME, 0);

    if (r == -EINVAL || r == -EEXIST)
        return 0;
    if (r < 0)
        return r;
    /* an older kernel, which made it */
    msg = channel_message(RTM_DELLINK, 0, &info, sizeof(info));
    if (!msg || nla_put_string(msg, IFLA_IFNAME, PROBE_NAME) < 0)
        return -ENOMEM;
    return channel_call(channel, steal_ptr(&msg), NULL);
}

/* ---- SA ---- */

static void fill_sa(struct xfrm_usersa_info *sa, int family, uint32_t spi)
{
    *sa = (struct xfrm_usersa_info){
        .id = { .spi = htonl(spi), .proto = IPPROTO_ESP },
        .family = (uint16_t)family,
        .mode = XFRM_MODE_TUNNEL,
        .flags = XFRM_STATE_AF_UNSPEC,
        .lft = { .soft_byte_limit = XFRM_INF,
            .hard_byte_limit = XFRM_INF,
            .soft_packet_limit = XFRM_INF,
            .hard_packet_limit = XFRM_INF,
            .hard_add_expires_seconds = LIFETIME_SEC },
    };
    inet_pton(family, family == AF_INET ? "192.0.2.1" : "2001:db8::1", &sa->saddr);
    inet_pton(family, family == AF_INET ? "192.0.2.2" : "2001:db8::2", &sa->id.daddr);
}

static int put_cipher(struct nl_msg *msg)
{
    union {
        struct xfrm_algo_aead algo;
        uint8_t bytes[sizeof(struct xfrm_algo_aead) + KEY_BYTES];
    } aead = { .algo = { .alg_name = CIPHER, .alg_key_len = KEY_BYTES * 8, .alg_icv_len = ICV_BITS } };

    if (getrandom(aead.algo.alg_key, KEY_BYTES, 0) != KEY_BYTES)
        return -EIO;
    return nla_put(msg, XFRMA_ALG_AEAD, sizeof(aead), &aead);
}

static int put_no_cipher(struct nl_msg *msg)
{
    struct xfrm_algo none = { .alg_name = "ecb(cipher_null)" };

    return nla_put(msg, XFRMA_ALG_CRYPT, sizeof(none), &none);
}

static int delete_sa(struct channel *channel, const struct xfrm_usersa_info *sa)
{
    struct xfrm_usersa_id id = {
        .daddr = sa->id.daddr, .spi = sa->id.spi, .family = sa->family, .proto = sa->id.proto
    };

    return channel_call(channel, channel_message(XFRM_MSG_DELSA, 0, &id, sizeof(id)), NULL);
}

/* ESP in UDP for IPv4; for IPv6 plain, which is all that kernels before 5.8 have. */
static int probe_sa(struct channel *channel, int family, int (*put)(struct nl_msg *msg))
{
    struct xfrm_encap_tmpl encap = {
        .encap_type = UDP_ENCAP_ESPINUDP, .encap_sport = htons(4500), .encap_dport = htons(4500)
    };
    _cleanup_msg_ struct nl_msg *msg = NULL;
    struct xfrm_usersa_info sa;
    uint32_t spi = 0;
    int r;

    if (getrandom(&spi, sizeof(spi), 0) != (ssize_t)sizeof(spi))
        return -EIO;
    fill_sa(&sa, family, MAX_OF(spi, (uint32_t)SPI_MIN));
    msg = channel_message(XFRM_MSG_NEWSA, 0, &sa, sizeof(sa));
    if (!msg || put(msg) < 0 || (family == AF_INET && nla_put(msg, XFRMA_ENCAP, sizeof(encap), &encap) < 0))
        return -ENOMEM;
    r = channel_call(channel, steal_ptr(&msg), NULL);
    return r < 0 ? r : delete_sa(channel, &sa);
}

static bool is_about_cipher(int r)
{
    return r == -ENOSYS || r == -ENOENT;
}

/* The cipher is looked for before ESP itself: where it is missing, ESP is asked for without one. */
static void probe_esp(struct channel *channel, int family, enum kernel_esp_part part, struct kernel_esp *ret)
{
    int r = probe_sa(channel, family, put_cipher);

    if (is_about_cipher(r)) {
        ret->error[KERNEL_ESP_CIPHER] = r;
        r = probe_sa(channel, family, put_no_cipher);
    }
    ret->error[part] = is_about_cipher(r) ? 0 : r;
}

static bool has_ipv6(void)
{
    _cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return fd >= 0;
}

static int probe_packet_socket(void)
{
    int one = 1;
    _cleanup_close_ int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    return setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ? -errno : 0;
}

void xfrm_probe(struct channel *route_channel, struct kernel_esp *ret)
{
    struct channel channel;
    int r = channel_open_xfrm(&channel);

    *ret = (struct kernel_esp){ 0 };
    ret->error[KERNEL_ESP_XFRM] = r;
    ret->error[KERNEL_ESP_INTERFACE] = probe_interface(route_channel);
    ret->error[KERNEL_ESP_WATCH] = probe_packet_socket();
    if (r < 0) {
        ret->error[KERNEL_ESP_IPV4] = r;
        return;
    }
    probe_esp(&channel, AF_INET, KERNEL_ESP_IPV4, ret);
    if (has_ipv6())
        probe_esp(&channel, AF_INET6, KERNEL_ESP_IPV6, ret);
    channel_close(&channel);
}
