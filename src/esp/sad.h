/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The SAs and policies of the user-space data path (RFC 4301, 4.4): which SA a packet leaves by, which SA an SPI names, and whether what came
 * out of an SA is what its policies allow. Owns the SAs. The look-ups allocate nothing; a packet like the one before costs one comparison.
 * Pointers to SAs hold until the next esp_sad_delete() or flush. The caller serialises.
 */
#include "esp/inner.h"
#include "esp/sa.h"

#include <stdbool.h>
#include <stdint.h>

/* Ranges are inclusive; from and to are of one family. */
struct esp_selector {
    struct ip_addr from, to;
    uint8_t protocol; /* 0: any */
    uint16_t port_from,
        port_to; /* 0 to 65535: any, also for what has no ports. ICMP: type << 8 | code (RFC 7296, 3.13.1) */
};

struct esp_policy {
    bool inbound;
    uint32_t reqid;
    uint32_t priority;                       /* the lower, the more it counts (as libcharon gives it) */
    struct esp_selector source, destination; /* of the packet, as it travels */
};

struct esp_sad;

int esp_sad_new(struct esp_sad **ret); /* 0 or -ENOMEM */
void esp_sad_free(struct esp_sad *sad);

/* For the SAs that are added from now on; NULL: OpenSSL. It remains the caller's, and lives longer. */
void esp_sad_set_engine(struct esp_sad *sad, const struct esp_engine *engine);

/* A random inbound SPI that is not in use, kept until it is added or released. 0, -ENOMEM, -EIO. */
int esp_sad_reserve_spi(struct esp_sad *sad, uint32_t *ret_spi);
void esp_sad_release_spi(struct esp_sad *sad, uint32_t spi);

/*
 * Makes an SA, with the engine of the database. Inbound SAs are named by their SPI alone (RFC 4301, 4.1), outbound ones by SPI and remote
 * address. As esp_sa_new(), and -EEXIST. ret may be NULL.
 */
int esp_sad_add(struct esp_sad *sad, const struct esp_sa_config *config, struct esp_sa **ret);

/* By SPI and the address that it is sent to: the local one of an inbound SA, the remote one of an outbound SA. NULL: none. */
struct esp_sa *esp_sad_find(struct esp_sad *sad, uint32_t spi, const struct ip_addr *destination);
void esp_sad_delete(struct esp_sad *sad, struct esp_sa *sa);
void esp_sad_flush(struct esp_sad *sad); /* SAs and reserved SPIs; policies stay */
struct esp_sa *esp_sad_next(
    struct esp_sad *sad, const struct esp_sa *after); /* all, newest first; NULL: begin, end */

/* The same policy added n times is there until it has been removed n times. 0 or -ENOMEM; -ENOENT. */
int esp_sad_add_policy(struct esp_sad *sad, const struct esp_policy *policy);
int esp_sad_remove_policy(struct esp_sad *sad, const struct esp_policy *policy);
void esp_sad_flush_policies(struct esp_sad *sad);

/* The newest outbound SA of the best policy that covers the packet. NULL: no policy, or no SA yet: the packet may not leave. */
struct esp_sa *esp_sad_outbound(struct esp_sad *sad, const struct inner_packet *packet);

struct esp_sa *esp_sad_inbound(struct esp_sad *sad, uint32_t spi); /* host order */

/* Is this packet, out of that SA, covered by an inbound policy of the SA's reqid? */
bool esp_sad_permits_inbound(struct esp_sad *sad, const struct esp_sa *sa, const struct inner_packet *packet);
