/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One ESP SA in one direction (RFC 4303): sequence numbers, padding, the window, lifetimes and counters around a keyed cipher. Packets are
 * sealed and opened in place, without allocation and without a clock: time is a parameter. Decides nothing about who may send what (sad.h)
 * and does no I/O. The caller serialises.
 */
#include "base/ipaddr.h"
#include "base/usec.h"
#include "esp/cipher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESP_NEXT_HEADER_IPV4 4
#define ESP_NEXT_HEADER_IPV6 41
#define ESP_NEXT_HEADER_NONE 59 /* a dummy packet (RFC 4303, 2.6) */

/* The most that ESP adds to an inner packet: header, IV, 15 bytes of padding, its length, next header, ICV. TFC padding comes on top. */
#define ESP_OVERHEAD_BYTES_MAX (ESP_HEADER_BYTES + ESP_IV_BYTES_MAX + 15 + 2 + ESP_ICV_BYTES_MAX)

struct esp_outer {
    struct ip_addr local, remote;
    uint16_t local_port, remote_port; /* of UDP, host order */
};

struct esp_lifetime {
    uint64_t packets, bytes; /* of payload; 0: without end */
};

struct esp_sa_config {
    uint32_t spi; /* host order */
    uint32_t reqid;
    bool inbound, esn;
    struct esp_keys keys;    /* copied into OpenSSL, not kept */
    uint32_t replay_packets; /* window of an inbound SA; 0: the usual */
    uint32_t tfc_bytes;      /* inner packets are padded up to this with zeros; 0: none */
    struct esp_outer outer;
    struct esp_lifetime soft, hard;
};

struct esp_counters {
    uint64_t packets, bytes;    /* payload sealed or opened, with TFC padding, without trailer */
    uint64_t n_replayed, n_bad; /* refused: seen before or too old; not authentic or malformed */
    usec_t first_use_at_usec, last_use_at_usec; /* USEC_INFINITY: never; authentic packets only */
};

struct esp_opened {
    uint8_t *inner; /* into the caller's buffer */
    size_t bytes;   /* with TFC padding: the inner header knows the true length */
    uint8_t next_header;
};

enum esp_due {
    ESP_DUE_NOTHING,
    ESP_DUE_SOFT, /* rekey it */
    ESP_DUE_HARD, /* it refuses to work */
};

struct esp_sa;

/* 0, -EINVAL (also an SPI below 256, RFC 4303, 2.1), -ENOTSUP, -ENOMEM. */
int esp_sa_new(const struct esp_sa_config *config, struct esp_sa **ret);
void esp_sa_free(struct esp_sa *sa); /* wipes; NULL is fine */

/* Bytes before the inner packet; the whole ESP packet; the largest inner packet whose ESP packet has at most so many bytes (0: none). */
size_t esp_sa_headroom(const struct esp_sa *sa);
size_t esp_sa_sealed_bytes(const struct esp_sa *sa, size_t inner_bytes);
size_t esp_sa_inner_bytes_max(const struct esp_sa *sa, size_t sealed_bytes);

/*
 * The inner packet stands at packet + headroom, and the buffer has room for esp_sa_sealed_bytes(). 0 and the bytes of the ESP packet;
 * -EOVERFLOW: the sequence number would wrap, or the hard lifetime is over; -EINVAL: an inbound SA; -EIO: OpenSSL failed. On an error
 * nothing may be sent.
 */
int esp_sa_seal(struct esp_sa *sa, uint8_t *packet, size_t inner_bytes, uint8_t next_header, usec_t now_usec,
    size_t *ret_bytes);

/*
 * From the SPI on. 0; -EBADMSG: not authentic or malformed; -EALREADY: replayed; -EOVERFLOW: the hard lifetime is over; -EINVAL: an outbound
 * SA. What was refused changes counters only.
 */
int esp_sa_open(
    struct esp_sa *sa, uint8_t *packet, size_t size_bytes, usec_t now_usec, struct esp_opened *ret);

/* What became due since the last call: each level is told once. The soft one comes also when fifteen in sixteen numbers are used. */
enum esp_due esp_sa_take_due(struct esp_sa *sa);

uint32_t esp_sa_spi(const struct esp_sa *sa);
uint32_t esp_sa_reqid(const struct esp_sa *sa);
bool esp_sa_is_inbound(const struct esp_sa *sa);
const struct esp_outer *esp_sa_outer(const struct esp_sa *sa);
void esp_sa_set_outer(
    struct esp_sa *sa, const struct esp_outer *outer); /* MOBIKE, a new mapping: keys and numbers go on */
struct esp_counters esp_sa_counters(const struct esp_sa *sa);
uint64_t esp_sa_sequence(const struct esp_sa *sa); /* the last one used, or the highest authentic */

/* For tests of what happens after billions of packets: the next packet sealed has number sequence + 1; the window's top is sequence. */
void esp_sa_set_sequence(struct esp_sa *sa, uint64_t sequence);
