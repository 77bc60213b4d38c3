/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 6040, 4.2, figure 4, as a table. See outer.h.
 */
#include "esp/outer.h"

#include "esp/checksum.h"
#include "esp/wire.h"

#include <errno.h>
#include <stdbool.h>

#define ECN_MASK  0x03
#define TO_DROP   0xff
#define NOT_ECT   0
#define ECT_1     1
#define ECT_0     2
#define CONGESTED 3

static uint8_t combine(uint8_t inner, uint8_t outer)
{
    static const uint8_t OUTGOING[4][4] = {
        /* outer:     Not-ECT, ECT(1), ECT(0), CE */
        [NOT_ECT] = { NOT_ECT, NOT_ECT, NOT_ECT, TO_DROP },
        [ECT_1] = { ECT_1, ECT_1, ECT_1, CONGESTED },
        [ECT_0] = { ECT_0, ECT_1, ECT_0, CONGESTED },
        [CONGESTED] = { CONGESTED, CONGESTED, CONGESTED, CONGESTED },
    };

    return OUTGOING[inner & ECN_MASK][outer & ECN_MASK];
}

int outer_decapsulate(uint8_t tos_received, uint8_t *inner, size_t bytes)
{
    bool is_ipv4 = bytes >= IPV4_HEADER_MIN_BYTES && ip_is_v4(inner);
    uint8_t tos, ecn;
    uint16_t before;

    if (!is_ipv4 && (bytes < IPV6_HEADER_BYTES || inner[0] >> 4 != 6))
        return -EBADMSG;
    tos = is_ipv4 ? inner[1] : (uint8_t)(be16(inner) >> 4);
    ecn = combine(tos, tos_received);
    if (ecn == TO_DROP)
        return -EBADMSG;
    if (ecn == (tos & ECN_MASK))
        return 0;
    if (!is_ipv4) {
        inner[1] = (uint8_t)((inner[1] & ~(ECN_MASK << 4)) | ecn << 4);
        return 0;
    }
    before = raw16(inner);
    inner[1] = (uint8_t)((tos & ~ECN_MASK) | ecn);
    put_raw16(inner + 10, checksum_update(raw16(inner + 10), before, raw16(inner)));
    return 0;
}
