/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tunnel whose SAs are replaced a hundred thousand times under traffic, as libcharon would do it at both ends: reserve, add the inbound
 * one, add the outbound one, delete the old ones later. Every packet that was sealed is opened, and memory does not grow.
 */
#include "base/macro.h"
#include "esp/sad.h"
#include "unit/esp-fixture.h"

#include <malloc.h>
#include <stdlib.h>

#define N_REPLACEMENTS    100000
#define N_SETTLED         1000 /* after so many, memory is what it will be */
#define PACKETS_PER_SA    2
#define IN_FLIGHT         4
#define INNER_BYTES       64
#define SEALED_BYTES_MAX  (INNER_BYTES + ESP_OVERHEAD_BYTES_MAX)
#define PACKETS_IN_FLIGHT (IN_FLIGHT * PACKETS_PER_SA)

struct flight {
    uint8_t bytes[SEALED_BYTES_MAX];
    size_t n_bytes;
};

struct tunnel {
    struct esp_sad *here, *there;
    struct flight flight[PACKETS_IN_FLIGHT]; /* a ring: what was sealed some replacements ago arrives now */
    size_t n_sealed, n_opened;
};

static struct inner_packet inner_packet(void)
{
    struct inner_packet packet = {
        .protocol = 17, .has_ports = true, .source_port = 1, .destination_port = 2
    };

    ip_addr_parse("10.0.0.1", &packet.source);
    ip_addr_parse("10.1.0.1", &packet.destination);
    return packet;
}

static void add_policy(struct esp_sad *sad, bool inbound)
{
    struct esp_selector all = { .port_to = UINT16_MAX };

    ip_addr_parse("0.0.0.0", &all.from);
    ip_addr_parse("255.255.255.255", &all.to);
    CHECK_EQ(esp_sad_add_policy(sad,
                 &(struct esp_policy){ .inbound = inbound, .reqid = 1, .source = all, .destination = all }),
        0);
}

/* All in turn, those with an HMAC less often: a locked page for each takes the kernel's time. */
static const struct esp_algorithm *algorithm_of(unsigned i)
{
    return &esp_algorithms[i % 32 < 31 ? i % 4 : i / 32 % esp_n_algorithms];
}

static void replace(struct tunnel *tunnel, unsigned i)
{
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(algorithm_of(i), i, &keys);

    config.esn = i % 3 == 0;
    if (!CHECK_EQ(esp_sad_reserve_spi(tunnel->there, &config.spi), 0))
        return;
    config.inbound = true;
    CHECK_EQ(esp_sad_add(tunnel->there, &config, NULL), 0);
    config.inbound = false;
    CHECK_EQ(esp_sad_add(tunnel->here, &config, NULL), 0);
}

/* All but the newest n. */
static void retire(struct esp_sad *sad, unsigned n)
{
    struct esp_sa *sa = esp_sad_next(sad, NULL);

    for (unsigned i = 1; sa && i < n; i++)
        sa = esp_sad_next(sad, sa);
    while (sa && esp_sad_next(sad, sa))
        esp_sad_delete(sad, esp_sad_next(sad, sa));
}

static void arrive(struct tunnel *tunnel, struct flight *flight, const struct inner_packet *packet)
{
    uint32_t spi = (uint32_t)flight->bytes[0] << 24 | (uint32_t)flight->bytes[1] << 16 |
                   (uint32_t)flight->bytes[2] << 8 | flight->bytes[3];
    struct esp_sa *sa = esp_sad_inbound(tunnel->there, spi);
    struct esp_opened opened;

    if (!CHECK(sa) || !CHECK_EQ(esp_sa_open(sa, flight->bytes, flight->n_bytes, 0, &opened), 0))
        return;
    CHECK_EQ(opened.bytes, INNER_BYTES);
    CHECK(esp_sad_permits_inbound(tunnel->there, sa, packet));
    tunnel->n_opened++;
    flight->n_bytes = 0;
}

static void send(struct tunnel *tunnel, const struct inner_packet *packet)
{
    struct flight *flight = &tunnel->flight[tunnel->n_sealed % PACKETS_IN_FLIGHT];
    struct esp_sa *sa = esp_sad_outbound(tunnel->here, packet);

    if (flight->n_bytes > 0)
        arrive(tunnel, flight, packet);
    if (!CHECK(sa))
        return;
    flight->n_bytes = esp_fixture_seal(sa, flight->bytes, INNER_BYTES, (uint8_t)tunnel->n_sealed);
    tunnel->n_sealed++;
}

static void no_packet_is_lost_and_no_memory(void)
{
    struct inner_packet packet = inner_packet();
    struct tunnel tunnel = { 0 };
    struct mallinfo2 settled = { 0 }, now;

    if (!CHECK_EQ(esp_sad_new(&tunnel.here), 0) || !CHECK_EQ(esp_sad_new(&tunnel.there), 0))
        return;
    add_policy(tunnel.here, false);
    add_policy(tunnel.there, true);
    for (unsigned i = 0; i < N_REPLACEMENTS && !test_n_failures; i++) {
        replace(&tunnel, i);
        for (unsigned k = 0; k < PACKETS_PER_SA; k++)
            send(&tunnel, &packet);
        retire(tunnel.here, 1);
        retire(tunnel.there, IN_FLIGHT + 1);
        if (i + 1 == N_SETTLED)
            settled = mallinfo2();
    }
    now = mallinfo2();
    for (size_t i = 0; i < PACKETS_IN_FLIGHT; i++)
        if (tunnel.flight[i].n_bytes > 0)
            arrive(&tunnel, &tunnel.flight[i], &packet);
    CHECK_EQ(tunnel.n_sealed, (size_t)N_REPLACEMENTS * PACKETS_PER_SA);
    CHECK_EQ(tunnel.n_opened, tunnel.n_sealed);
    CHECK_LE(now.uordblks, settled.uordblks + 64 * 1024); /* which SAs live differs */
    CHECK_LE(now.arena + now.hblkhd, settled.arena + settled.hblkhd + 512 * 1024);
    esp_sad_free(tunnel.here);
    esp_sad_free(tunnel.there);
}

static const struct test tests[] = {
    TEST(no_packet_is_lost_and_no_memory),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
