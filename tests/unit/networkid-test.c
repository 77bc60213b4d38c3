/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of networks: the same place has the same name, another place another one, and any SSID fits.
 */
#include "base/macro.h"
#include "net/networkid.h"
#include "support/test.h"

static const struct link_layer_addr ROUTER = { 6, { 2, 0, 0, 0, 0xab, 1 } };

static struct ssid ssid_of(const void *bytes, size_t n_bytes)
{
    struct ssid ssid = { .n_bytes = (uint8_t)n_bytes };

    memcpy(ssid.bytes, bytes, n_bytes);
    return ssid;
}

static void check_name(enum link_type type, const struct ssid *ssid, const struct link_layer_addr *router, const char *want)
{
    char got[NETWORK_ID_SIZE];

    memset(got, 'x', sizeof(got));
    network_id_format(type, ssid, router, got);
    CHECK_STR(got, want);
    for (size_t i = strlen(got); i < sizeof(got); i++)
        CHECK_EQ(got[i], 0); /* link sets are compared as bytes */
}

static void names(void)
{
    static const struct {
        const char *ssid;
        uint8_t n_bytes;
        const char *want;
    } ROWS[] = {
        { "Home", 4, "wifi:Home,02:00:00:00:ab:01" },
        { "", 0, "wifi:,02:00:00:00:ab:01" },
        { "Caf\xc3\xa9 du Nord", 13, "wifi:Caf%C3%A9%20du%20Nord,02:00:00:00:ab:01" },
        { "a,b%41:\n", 8, "wifi:a%2Cb%2541%3A%0A,02:00:00:00:ab:01" },
        { "\0\0x", 3, "wifi:%00%00x,02:00:00:00:ab:01" },
        { "\x7f\xff", 2, "wifi:%7F%FF,02:00:00:00:ab:01" },
    };
    struct ssid none = { 0 };

    for (size_t i = 0; i < ELEMENTSOF(ROWS); i++) {
        struct ssid ssid = ssid_of(ROWS[i].ssid, ROWS[i].n_bytes);
        test_context("row %zu", i);
        check_name(LINK_TYPE_WIFI, &ssid, &ROUTER, ROWS[i].want);
    }
    check_name(LINK_TYPE_ETHERNET, &none, &ROUTER, "wired:02:00:00:00:ab:01");
    check_name(LINK_TYPE_OTHER, &none, &ROUTER, "wired:02:00:00:00:ab:01");
}

static void where_nothing_can_be_said(void)
{
    struct ssid ssid = ssid_of("Home", 4);
    struct link_layer_addr none = { 0 };

    for (unsigned type = 0; type < N_LINK_TYPES; type++) {
        test_context("type %u", type);
        check_name((enum link_type)type, &ssid, &none, "");
        if (!network_is_named_by_router((enum link_type)type))
            check_name((enum link_type)type, &ssid, &ROUTER, "");
    }
    CHECK(!network_is_named_by_router(LINK_TYPE_CELLULAR)); /* the modem knows better */
}

static void the_longest(void)
{
    struct ssid ssid = { .n_bytes = SSID_MAX_BYTES };
    struct link_layer_addr router = { .n_bytes = LINK_LAYER_MAX_BYTES };
    char got[NETWORK_ID_SIZE];

    memset(ssid.bytes, 0xff, sizeof(ssid.bytes));
    network_id_format(LINK_TYPE_WIFI, &ssid, &ROUTER, got);
    CHECK_EQ(strlen(got), 5 + 3 * SSID_MAX_BYTES + 1 + 17);
    network_id_format(LINK_TYPE_ETHERNET, &ssid, &router, got);
    CHECK_EQ(strlen(got), 6 + 3 * LINK_LAYER_MAX_BYTES - 1);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(names),
        TEST(where_nothing_can_be_said),
        TEST(the_longest),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
