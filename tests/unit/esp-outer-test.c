/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/esp/outer: RFC 6040, 4.1 (figure 3, normal mode) and 4.2 (figure 4), every cell, in both families; DSCP out and never in.
 */
#include "esp/outer.h"

#include "base/macro.h"
#include "support/ip-packet.h"
#include "support/test.h"

#include <errno.h>

enum ecn {
    NOT_ECT = 0,
    ECT1 = 1,
    ECT0 = 2,
    CE = 3,
    DROP = -EBADMSG,
};

static const struct {
    enum ecn inner, outer;
    int outgoing;
} figure4[] = {
    { NOT_ECT, NOT_ECT, NOT_ECT },
    { NOT_ECT, ECT0, NOT_ECT },
    { NOT_ECT, ECT1, NOT_ECT },
    { NOT_ECT, CE, DROP },
    { ECT0, NOT_ECT, ECT0 },
    { ECT0, ECT0, ECT0 },
    { ECT0, ECT1, ECT1 },
    { ECT0, CE, CE },
    { ECT1, NOT_ECT, ECT1 },
    { ECT1, ECT0, ECT1 },
    { ECT1, ECT1, ECT1 },
    { ECT1, CE, CE },
    { CE, NOT_ECT, CE },
    { CE, ECT0, CE },
    { CE, ECT1, CE },
    { CE, CE, CE },
};

static void outwards_all_is_copied(void)
{
    for (unsigned tos = 0; tos < 256; tos++)
        CHECK_EQ(outer_tos((uint8_t)tos), tos);
}

static void check_inwards(uint8_t family, uint8_t dscp, size_t row)
{
    struct ip_packet packet = {
        .family = family, .protocol = 6, .flags = 0x10, .payload_bytes = 9, .flow_label = 0xfffff
    };
    uint8_t before[128], after[128], wanted[128];
    uint8_t outer = (uint8_t)((dscp ^ 0xfc) | figure4[row].outer);
    size_t bytes;

    packet.tos = (uint8_t)(dscp | figure4[row].inner);
    bytes = ip_packet_write(&packet, before);
    memcpy(after, before, bytes);
    if (figure4[row].outgoing == DROP) {
        CHECK_EQ(outer_decapsulate(outer, after, bytes), -EBADMSG);
        CHECK_MEM(after, before, bytes);
        return;
    }
    packet.tos = (uint8_t)(dscp | figure4[row].outgoing);
    ip_packet_write(&packet, wanted);
    CHECK_EQ(outer_decapsulate(outer, after, bytes), 0);
    CHECK_MEM(after, wanted, bytes);
}

static void inwards_by_the_table(void)
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        for (size_t row = 0; row < ELEMENTSOF(figure4); row++) {
            for (unsigned dscp = 0; dscp < 256; dscp += 4) {
                test_context("IPv%u, DSCP %u, inner %d, outer %d", family, dscp, figure4[row].inner,
                    figure4[row].outer);
                check_inwards(family, (uint8_t)dscp, row);
            }
        }
    }
}

static void not_a_packet(void)
{
    uint8_t bytes[40] = { 0 };

    CHECK_EQ(outer_decapsulate(CE, bytes, 0), -EBADMSG);
    CHECK_EQ(outer_decapsulate(0, bytes, 40), -EBADMSG);
    bytes[0] = 0x45;
    CHECK_EQ(outer_decapsulate(0, bytes, 19), -EBADMSG);
    CHECK_EQ(outer_decapsulate(0, bytes, 20), 0);
    bytes[0] = 0x60;
    CHECK_EQ(outer_decapsulate(0, bytes, 39), -EBADMSG);
    CHECK_EQ(outer_decapsulate(0, bytes, 40), 0);
}

static const struct test tests[] = { TEST(outwards_all_is_copied), TEST(inwards_by_the_table),
    TEST(not_a_packet) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
