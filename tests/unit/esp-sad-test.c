/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which SA a packet leaves by, which one an SPI names, and what may come out of one.
 */
#include "base/macro.h"
#include "base/prng.h"
#include "esp/sad.h"
#include "unit/esp-fixture.h"

#include <errno.h>
#include <stdlib.h>

#define GATEWAY "203.0.113.5"
#define HANDSET "192.0.2.1"

static struct esp_sad *new_sad(void)
{
    struct esp_sad *sad;

    if (esp_sad_new(&sad) < 0)
        abort();
    return sad;
}

static struct ip_addr addr(const char *text)
{
    struct ip_addr ret = { 0 };

    CHECK_EQ(ip_addr_parse(text, &ret), 0);
    return ret;
}

static struct esp_sa *add_sa(struct esp_sad *sad, bool inbound, uint32_t spi, uint32_t reqid)
{
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(&esp_algorithms[0], spi, &keys);
    struct esp_sa *sa = NULL;

    config.inbound = inbound;
    config.spi = spi;
    config.reqid = reqid;
    CHECK_EQ(esp_sad_add(sad, &config, &sa), 0);
    return sa;
}

static struct esp_selector range(const char *from, const char *to)
{
    return (struct esp_selector){ .from = addr(from), .to = addr(to), .port_to = UINT16_MAX };
}

static struct esp_policy everything(bool inbound, uint32_t reqid, uint32_t priority)
{
    struct esp_selector all = range("0.0.0.0", "255.255.255.255");

    return (struct esp_policy){
        .inbound = inbound, .reqid = reqid, .priority = priority, .source = all, .destination = all
    };
}

static struct inner_packet udp(const char *source, uint16_t from, const char *destination, uint16_t to)
{
    return (struct inner_packet){
        .source = addr(source),
        .destination = addr(destination),
        .protocol = 17,
        .has_ports = true,
        .source_port = from,
        .destination_port = to,
    };
}

static void spis_are_reserved_and_released(void)
{
    enum { N = 2000 };
    struct esp_sad *sad = new_sad();
    static uint32_t spis[N];

    for (size_t i = 0; i < N; i++) {
        CHECK_EQ(esp_sad_reserve_spi(sad, &spis[i]), 0);
        CHECK_GE(spis[i], 256);
        for (size_t k = 0; k < i; k++)
            CHECK(spis[k] != spis[i]);
        CHECK(esp_sad_inbound(sad, spis[i]) == NULL);
    }
    CHECK(esp_sad_next(sad, NULL) == NULL);
    for (size_t i = 0; i < N; i += 2)
        esp_sad_release_spi(sad, spis[i]);
    for (size_t i = 0; i < N; i += 100)
        CHECK(add_sa(sad, true, spis[i], 1) == esp_sad_inbound(sad, spis[i]));
    for (size_t i = 1; i < N; i += 100)
        CHECK(add_sa(sad, true, spis[i], 1) == esp_sad_inbound(sad, spis[i]));
    esp_sad_release_spi(sad, spis[1]); /* an SA by now: not a reservation any more */
    CHECK(esp_sad_inbound(sad, spis[1]) != NULL);
    esp_sad_free(sad);
}

static void sas_are_found_by_spi_and_destination(void)
{
    struct esp_sad *sad = new_sad();
    struct ip_addr gateway = addr(GATEWAY), handset = addr(HANDSET), elsewhere = addr("198.51.100.1");
    struct esp_sa *in = add_sa(sad, true, 5000, 1), *out = add_sa(sad, false, 5000, 1);
    struct esp_key_bytes keys;
    struct esp_sa_config again = esp_fixture_config(&esp_algorithms[0], 1, &keys);
    struct esp_outer outer = *esp_sa_outer(in);

    CHECK(esp_sad_inbound(sad, 5000) == in);
    CHECK(esp_sad_inbound(sad, 5001) == NULL);
    CHECK(esp_sad_find(sad, 5000, &handset) == in);
    CHECK(esp_sad_find(sad, 5000, &gateway) == out);
    CHECK(esp_sad_find(sad, 5000, &elsewhere) == NULL);
    CHECK(esp_sad_find(sad, 5001, &gateway) == NULL);

    again.spi = 5000;
    CHECK_EQ(esp_sad_add(sad, &again, NULL), -EEXIST);
    again.inbound = true;
    CHECK_EQ(esp_sad_add(sad, &again, NULL), -EEXIST);
    again.spi = 77;
    CHECK_EQ(esp_sad_add(sad, &again, NULL), -EINVAL);

    outer.local = elsewhere; /* MOBIKE */
    esp_sa_set_outer(in, &outer);
    CHECK(esp_sad_find(sad, 5000, &elsewhere) == in);
    CHECK(esp_sad_find(sad, 5000, &handset) == NULL);
    CHECK(esp_sad_inbound(sad, 5000) == in);

    CHECK(esp_sad_next(sad, NULL) == out);
    CHECK(esp_sad_next(sad, out) == in);
    CHECK(esp_sad_next(sad, in) == NULL);
    esp_sad_delete(sad, in);
    CHECK(esp_sad_inbound(sad, 5000) == NULL);
    CHECK(esp_sad_find(sad, 5000, &gateway) == out);
    esp_sad_delete(sad, NULL);
    esp_sad_flush(sad);
    CHECK(esp_sad_next(sad, NULL) == NULL);
    esp_sad_free(sad);
}

static void a_wrong_key_keeps_the_reservation(void)
{
    struct esp_sad *sad = new_sad();
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(&esp_algorithms[0], 1, &keys);

    config.inbound = true;
    config.keys.encryption_key_bytes = 7;
    CHECK_EQ(esp_sad_reserve_spi(sad, &config.spi), 0);
    CHECK_EQ(esp_sad_add(sad, &config, NULL), -EINVAL);
    config.keys.encryption_key_bytes = 20;
    CHECK_EQ(esp_sad_add(sad, &config, NULL), 0);
    esp_sad_free(sad);
}

static void the_newest_sa_of_the_best_policy(void)
{
    struct esp_sad *sad = new_sad();
    struct inner_packet near = udp("10.0.0.1", 1000, "10.1.0.1", 53),
                        far = udp("10.0.0.1", 1000, "8.8.8.8", 53);
    struct esp_policy whole = everything(false, 1, 300), narrow = everything(false, 2, 200);
    struct esp_sa *first, *second, *third;

    narrow.destination = range("10.1.0.0", "10.1.255.255");
    CHECK(esp_sad_outbound(sad, &near) == NULL); /* no policy */
    CHECK_EQ(esp_sad_add_policy(sad, &whole), 0);
    CHECK(esp_sad_outbound(sad, &near) == NULL); /* no SA */
    add_sa(sad, true, 6000, 1);
    CHECK(esp_sad_outbound(sad, &near) == NULL); /* not outbound */
    first = add_sa(sad, false, 6001, 1);
    CHECK(esp_sad_outbound(sad, &near) == first);
    second = add_sa(sad, false, 6002, 1); /* rekeyed */
    CHECK(esp_sad_outbound(sad, &near) == second);
    CHECK_EQ(esp_sad_add_policy(sad, &narrow), 0);
    CHECK(esp_sad_outbound(sad, &near) == NULL); /* the best policy has none yet: not around it */
    CHECK(esp_sad_outbound(sad, &far) == second);
    third = add_sa(sad, false, 6003, 2);
    CHECK(esp_sad_outbound(sad, &near) == third);
    CHECK(esp_sad_outbound(sad, &far) == second);
    esp_sad_delete(sad, second); /* the peer gave up the new one */
    CHECK(esp_sad_outbound(sad, &far) == first);
    CHECK_EQ(esp_sad_remove_policy(sad, &narrow), 0);
    CHECK(esp_sad_outbound(sad, &near) == first);
    esp_sad_flush_policies(sad);
    CHECK(esp_sad_outbound(sad, &near) == NULL);
    esp_sad_free(sad);
}

static void policies_are_counted(void)
{
    struct esp_sad *sad = new_sad();
    struct esp_policy policy = everything(false, 1, 300), other = policy;
    struct inner_packet packet = udp("10.0.0.1", 1000, "8.8.8.8", 53);
    struct esp_sa *sa = add_sa(sad, false, 6001, 1);

    CHECK_EQ(esp_sad_remove_policy(sad, &policy), -ENOENT);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(esp_sad_add_policy(sad, &policy), 0);
    other.priority = 301;
    CHECK_EQ(esp_sad_remove_policy(sad, &other), -ENOENT);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(esp_sad_outbound(sad, &packet) == sa);
        CHECK_EQ(esp_sad_remove_policy(sad, &policy), 0);
    }
    CHECK(esp_sad_outbound(sad, &packet) == NULL);
    CHECK_EQ(esp_sad_remove_policy(sad, &policy), -ENOENT);
    esp_sad_free(sad);
}

static void selectors_select(void)
{
    static const struct {
        const char *source, *destination;
        uint8_t protocol;
        bool has_ports;
        uint16_t from, to;
        bool covered;
    } cases[] = {
        { "10.0.0.5", "10.1.0.9", 17, true, 1234, 53, true },
        { "10.0.0.4", "10.1.0.9", 17, true, 1234, 53, false }, /* left of the range */
        { "10.0.0.8", "10.1.0.9", 17, true, 1234, 53, true },
        { "10.0.0.9", "10.1.0.9", 17, true, 1234, 53, false }, /* right of it */
        { "10.0.0.5", "10.1.0.10", 17, true, 1234, 53, false },
        { "10.0.0.5", "10.1.0.9", 6, true, 1234, 53, false },  /* protocol */
        { "10.0.0.5", "10.1.0.9", 17, true, 1234, 52, false }, /* ports */
        { "10.0.0.5", "10.1.0.9", 17, true, 1234, 60, true },
        { "10.0.0.5", "10.1.0.9", 17, true, 1234, 61, false },
        { "10.0.0.5", "10.1.0.9", 17, false, 0, 0, false },    /* a later fragment */
        { "10.1.0.9", "10.0.0.5", 17, true, 53, 1234, false }, /* the other way */
        { "::ffff:10.0.0.5", "::ffff:10.1.0.9", 17, true, 1234, 53, false },
    };
    struct esp_sad *sad = new_sad();
    struct esp_policy policy = everything(false, 1, 1);
    struct esp_sa *sa = add_sa(sad, false, 6001, 1);

    policy.source = range("10.0.0.5", "10.0.0.8");
    policy.destination = range("10.1.0.9", "10.1.0.9");
    policy.source.protocol = policy.destination.protocol = 17;
    policy.destination.port_from = 53;
    policy.destination.port_to = 60;
    CHECK_EQ(esp_sad_add_policy(sad, &policy), 0);
    for (unsigned round = 0; round < 2; round++) /* the second finds the others' answers in the cache */
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
            struct inner_packet packet =
                udp(cases[i].source, cases[i].from, cases[i].destination, cases[i].to);

            packet.protocol = cases[i].protocol;
            packet.has_ports = cases[i].has_ports;
            test_context("row %zu", i);
            CHECK_EQ(esp_sad_outbound(sad, &packet) == sa, cases[i].covered);
            CHECK_EQ(esp_sad_outbound(sad, &packet) == sa, cases[i].covered);
        }
    esp_sad_free(sad);
}

static void later_fragments_pass_where_ports_do_not_matter(void)
{
    struct esp_sad *sad = new_sad();
    struct esp_policy policy = everything(false, 1, 1);
    struct inner_packet packet = udp("10.0.0.1", 0, "8.8.8.8", 0);
    struct esp_sa *sa = add_sa(sad, false, 6001, 1);

    packet.has_ports = false;
    packet.is_fragment = packet.is_later_fragment = true;
    policy.source.protocol = policy.destination.protocol = 17;
    CHECK_EQ(esp_sad_add_policy(sad, &policy), 0);
    CHECK(esp_sad_outbound(sad, &packet) == sa);
    packet.protocol = 6;
    CHECK(esp_sad_outbound(sad, &packet) == NULL);
    esp_sad_free(sad);
}

static void ipv6_ranges(void)
{
    struct esp_sad *sad = new_sad();
    struct esp_policy policy = { .reqid = 1 };
    struct inner_packet packet = udp("2001:db8::1", 1, "2001:db8:1::ffff", 2);
    struct esp_sa *sa = add_sa(sad, false, 6001, 1);

    policy.source = range("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff");
    policy.destination = range("2001:db8:1::", "2001:db8:1::ffff");
    CHECK_EQ(esp_sad_add_policy(sad, &policy), 0);
    CHECK(esp_sad_outbound(sad, &packet) == sa);
    packet.destination = addr("2001:db8:1::1:0");
    CHECK(esp_sad_outbound(sad, &packet) == NULL);
    packet = udp("10.0.0.1", 1, "10.0.0.2", 2);
    CHECK(esp_sad_outbound(sad, &packet) == NULL);
    esp_sad_free(sad);
}

/* A gateway that sends through its SA what nobody agreed on. */
static void nothing_is_injected(void)
{
    struct esp_sad *sad = new_sad();
    struct esp_policy policy = everything(true, 1, 1), outbound = everything(false, 2, 1);
    struct esp_sa *sa = add_sa(sad, true, 7001, 1), *other = add_sa(sad, true, 7002, 2);
    struct inner_packet good = udp("10.1.0.1", 53, "10.0.0.1", 1000);
    struct inner_packet to_another = udp("10.1.0.1", 53, "192.168.1.1", 1000);
    struct inner_packet from_another = udp("192.168.1.7", 53, "10.0.0.1", 1000);

    CHECK(!esp_sad_permits_inbound(sad, sa, &good)); /* no policy at all */
    policy.source = range("10.1.0.0", "10.1.255.255");
    policy.destination = range("10.0.0.1", "10.0.0.1");
    CHECK_EQ(esp_sad_add_policy(sad, &policy), 0);
    CHECK_EQ(esp_sad_add_policy(sad, &outbound), 0);
    for (unsigned round = 0; round < 3; round++) {
        CHECK(esp_sad_permits_inbound(sad, sa, &good));
        CHECK(!esp_sad_permits_inbound(sad, sa, &to_another));
        CHECK(esp_sad_permits_inbound(sad, sa, &good));
        CHECK(!esp_sad_permits_inbound(sad, sa, &from_another));
        CHECK(!esp_sad_permits_inbound(sad, other, &good)); /* another CHILD SA's selectors */
        CHECK(!esp_sad_permits_inbound(sad, other, &good));
    }
    CHECK_EQ(esp_sad_remove_policy(sad, &policy), 0);
    CHECK(!esp_sad_permits_inbound(sad, sa, &good));
    esp_sad_free(sad);
}

/* Random policies, SAs and packets: what the cache answers is what a new database without one would. */
static void the_cache_lies_never(void)
{
    struct esp_sad *sad = new_sad();
    struct prng prng = { 5 };
    struct esp_policy policies[40];
    size_t n_policies = 0;

    for (unsigned step = 0; step < 20000; step++) {
        char from[IP_ADDR_TEXT_SIZE], to[IP_ADDR_TEXT_SIZE];
        unsigned what = (unsigned)(prng_next(&prng) % 100);
        unsigned third = (unsigned)(prng_next(&prng) % 4), reqid = 1 + (unsigned)(prng_next(&prng) % 3);
        struct inner_packet packet;
        const struct esp_policy *best = NULL;
        struct esp_sa *sa, *expected = NULL;

        snprintf(from, sizeof(from), "10.0.%u.0", third);
        snprintf(to, sizeof(to), "10.0.%u.255", third);
        if (what == 0 && n_policies < ELEMENTSOF(policies)) {
            policies[n_policies] = everything(false, reqid, step); /* every priority once */
            policies[n_policies].destination = range(from, to);
            CHECK_EQ(esp_sad_add_policy(sad, &policies[n_policies++]), 0);
        } else if (what == 1 && n_policies > 0) {
            size_t gone = (size_t)prng_between(&prng, 0, n_policies - 1);

            CHECK_EQ(esp_sad_remove_policy(sad, &policies[gone]), 0);
            policies[gone] = policies[--n_policies];
        } else if (what == 2) {
            add_sa(sad, false, 1000 + step, reqid);
        } else if (what == 3) {
            esp_sad_delete(sad, esp_sad_next(sad, NULL));
        }
        packet = udp("10.9.9.9", 1, from, 2);
        for (size_t i = 0; i < n_policies; i++)
            if (ip_addr_equal(&policies[i].destination.from, &packet.destination) &&
                (!best || policies[i].priority < best->priority))
                best = &policies[i];
        for (sa = esp_sad_next(sad, NULL); sa && best && !expected; sa = esp_sad_next(sad, sa))
            if (esp_sa_reqid(sa) == best->reqid)
                expected = sa;
        if (!CHECK(esp_sad_outbound(sad, &packet) == expected))
            break;
    }
    esp_sad_free(sad);
}

static const struct test tests[] = {
    TEST(spis_are_reserved_and_released),
    TEST(sas_are_found_by_spi_and_destination),
    TEST(a_wrong_key_keeps_the_reservation),
    TEST(the_newest_sa_of_the_best_policy),
    TEST(policies_are_counted),
    TEST(selectors_select),
    TEST(later_fragments_pass_where_ports_do_not_matter),
    TEST(ipv6_ranges),
    TEST(nothing_is_injected),
    TEST(the_cache_lies_never),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
