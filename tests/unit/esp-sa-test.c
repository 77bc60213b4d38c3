/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SAs of src/esp against themselves: sizes, padding, forged and cut packets, the end of the numbers, lifetimes. Whether they speak ESP as the
 * rest of the world does, esp-vectors-test and the adapter test against libipsec say.
 */
#include "unit/esp-fixture.h"

#include "base/macro.h"
#include "base/prng.h"

#include <errno.h>
#include <stdlib.h>

#define GUARD 0xa5

static void for_each_algorithm(void (*run)(const struct esp_algorithm *algorithm, bool esn))
{
    for (size_t i = 0; i < esp_n_algorithms; i++)
        for (int esn = 0; esn < 2; esn++) {
            test_context("%s%s", esp_algorithms[i].name, esn ? " esn" : "");
            run(&esp_algorithms[i], esn);
        }
}

static struct esp_pair new_pair(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(algorithm, 1, &keys);

    config.esn = esn;
    return esp_pair_new(&config);
}

static bool is_counted_up(const uint8_t *bytes, size_t n, uint8_t from)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != (uint8_t)(from + i))
            return false;
    return true;
}

static void one_size(struct esp_pair *pair, size_t inner_bytes)
{
    uint8_t packet[ESP_PACKET_BYTES_MAX];
    size_t bytes, expected = esp_sa_sealed_bytes(pair->out, inner_bytes);
    struct esp_opened opened;

    memset(packet, GUARD, sizeof(packet));
    bytes = esp_fixture_seal(pair->out, packet, inner_bytes, 7);
    CHECK_EQ(bytes, expected);
    CHECK_LE(bytes, inner_bytes + ESP_OVERHEAD_BYTES_MAX);
    CHECK_EQ(packet[bytes], GUARD);
    CHECK_EQ(bytes % 4, 0); /* RFC 4303, 2.4 */
    if (!CHECK_EQ(esp_sa_open(pair->in, packet, bytes, 5, &opened), 0))
        return;
    CHECK_EQ(packet[bytes], GUARD);
    CHECK_EQ(opened.bytes, inner_bytes);
    CHECK_EQ(opened.next_header, ESP_NEXT_HEADER_IPV4);
    CHECK(opened.inner == packet + esp_sa_headroom(pair->in));
    CHECK(is_counted_up(opened.inner, inner_bytes, 7));
}

static void sizes(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_pair pair = new_pair(algorithm, esn);
    struct esp_counters out, in;

    for (size_t inner_bytes = 0; inner_bytes <= 1500; inner_bytes++)
        one_size(&pair, inner_bytes);
    out = esp_sa_counters(pair.out);
    in = esp_sa_counters(pair.in);
    CHECK_EQ(out.packets, 1501);
    CHECK_EQ(out.bytes, 1500 * 1501 / 2);
    CHECK_EQ(in.packets, 1501);
    CHECK_EQ(in.bytes, 1500 * 1501 / 2);
    CHECK_EQ(in.n_bad + in.n_replayed, 0);
    CHECK_EQ(in.last_use_at_usec, 5);
    CHECK_EQ(esp_sa_sequence(pair.out), 1501);
    CHECK_EQ(esp_sa_sequence(pair.in), 1501);
    esp_pair_free(&pair);
}

static void every_size_comes_back(void)
{
    for_each_algorithm(sizes);
}

/* A room of so many bytes takes exactly the inner packets that esp_sa_inner_bytes_max() says. */
static void rooms(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_pair pair = new_pair(algorithm, esn);

    for (size_t room = 0; room <= 1500; room++) {
        size_t most = esp_sa_inner_bytes_max(pair.out, room);

        CHECK(most == 0 || esp_sa_sealed_bytes(pair.out, most) <= room);
        CHECK(esp_sa_sealed_bytes(pair.out, most + 1) > room);
    }
    esp_pair_free(&pair);
}

static void the_largest_inner_packet_fits(void)
{
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(&esp_algorithms[2], 1, &keys);
    struct esp_sa *sa;

    for_each_algorithm(rooms);
    test_context(" ");
    if (!CHECK_EQ(esp_sa_new(&config, &sa), 0))
        return;
    CHECK_EQ(esp_sa_inner_bytes_max(sa, 1500 - 20 - 8), 1438); /* esp.md */
    esp_sa_free(sa);
}

static void truncated(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_pair pair = new_pair(algorithm, esn);
    uint8_t packet[ESP_PACKET_BYTES_MAX];
    size_t bytes = esp_fixture_seal(pair.out, packet, 101, 3);

    for (size_t n = 0; n < bytes; n++) {
        uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees the first byte too many */
        struct esp_opened opened;

        if (!exact)
            abort();
        memcpy(exact, packet, n);
        CHECK_EQ(esp_sa_open(pair.in, exact, n, 0, &opened), -EBADMSG);
        free(exact);
    }
    CHECK_EQ(esp_sa_counters(pair.in).n_bad, bytes);
    CHECK_EQ(esp_sa_sequence(pair.in), 0);
    CHECK_EQ(esp_fixture_open(pair.in, packet, bytes), 0);
    CHECK_EQ(esp_fixture_open(pair.in, packet, bytes), -EALREADY);
    esp_pair_free(&pair);
}

static void what_is_cut_anywhere_is_refused(void)
{
    for_each_algorithm(truncated);
}

/* The second packet was received; the first one, its bits turned one by one, is not, and then still comes as it is. */
static void flipped(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_pair pair = new_pair(algorithm, esn);
    uint8_t first[ESP_PACKET_BYTES_MAX], second[ESP_PACKET_BYTES_MAX];
    size_t bytes = esp_fixture_seal(pair.out, first, 60, 3);
    struct esp_counters counters;

    CHECK_EQ(esp_fixture_open(pair.in, second, esp_fixture_seal(pair.out, second, 60, 9)), 0);
    for (size_t bit = 0; bit < bytes * 8; bit++) {
        first[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(esp_fixture_open(pair.in, first, bytes) < 0);
        first[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    counters = esp_sa_counters(pair.in);
    CHECK_EQ(counters.n_bad + counters.n_replayed, bytes * 8);
    CHECK_EQ(counters.packets, 1);
    CHECK_EQ(esp_sa_sequence(pair.in), 2);
    CHECK_EQ(esp_fixture_open(pair.in, first, bytes), 0);
    CHECK_EQ(esp_fixture_open(pair.in, first, bytes), -EALREADY);
    esp_pair_free(&pair);
}

static void what_is_changed_anywhere_is_refused(void)
{
    for_each_algorithm(flipped);
}

static void another_key_opens_nothing(void)
{
    for (size_t i = 0; i < esp_n_algorithms; i++) {
        struct esp_key_bytes keys, others;
        struct esp_sa_config config = esp_fixture_config(&esp_algorithms[i], 1, &keys);
        struct esp_pair pair = esp_pair_new(&config), other;
        uint8_t packet[ESP_PACKET_BYTES_MAX];
        size_t bytes = esp_fixture_seal(pair.out, packet, 200, 0);

        test_context("%s", esp_algorithms[i].name);
        config = esp_fixture_config(&esp_algorithms[i], 2, &others);
        other = esp_pair_new(&config);
        CHECK_EQ(esp_fixture_open(other.in, packet, bytes), -EBADMSG);
        CHECK_EQ(esp_fixture_open(pair.in, packet, bytes), 0);
        esp_pair_free(&other);
        esp_pair_free(&pair);
    }
}

/* Both ends go over the border together, and a receiver that has not yet seen the other side of it follows. */
static void border(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_pair pair = new_pair(algorithm, true);
    uint8_t before[ESP_PACKET_BYTES_MAX], packet[ESP_PACKET_BYTES_MAX];
    size_t before_bytes;

    if (!esn)
        goto end;
    esp_sa_set_sequence(pair.out, UINT32_MAX - 100);
    esp_sa_set_sequence(pair.in, UINT32_MAX - 100);
    before_bytes = esp_fixture_seal(pair.out, before, 64, 1);
    for (unsigned i = 0; i < 200; i++)
        CHECK_EQ(esp_fixture_open(pair.in, packet, esp_fixture_seal(pair.out, packet, 64, 1)), 0);
    CHECK_EQ(esp_sa_sequence(pair.in), (uint64_t)UINT32_MAX + 101);
    /* a late one from the other side, once */
    CHECK_EQ(esp_fixture_open(pair.in, before, before_bytes), 0);
    CHECK_EQ(esp_fixture_open(pair.in, before, before_bytes), -EALREADY);
    CHECK_EQ(esp_sa_sequence(pair.in), (uint64_t)UINT32_MAX + 101);
end:
    esp_pair_free(&pair);
}

static void extended_numbers_cross_the_border_both_ways(void)
{
    for_each_algorithm(border);
}

/* The upper half is authenticated: 2^32 packets later the same lower half is another packet. */
static void upper_half(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_pair pair = new_pair(algorithm, true);
    uint8_t packet[ESP_PACKET_BYTES_MAX];
    size_t bytes;

    if (esn) {
        bytes = esp_fixture_seal(pair.out, packet, 64, 1);
        esp_sa_set_sequence(pair.in, (uint64_t)1 << 32);
        esp_sa_set_sequence(pair.in, ((uint64_t)1 << 32) + 5000);
        CHECK_EQ(esp_fixture_open(pair.in, packet, bytes), -EBADMSG);
        CHECK_EQ(esp_sa_sequence(pair.in), ((uint64_t)1 << 32) + 5000);
    }
    esp_pair_free(&pair);
}

static void the_upper_half_is_authenticated(void)
{
    for_each_algorithm(upper_half);
}

static void exhausted(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_pair pair = new_pair(algorithm, esn);
    uint64_t last = esn ? UINT64_MAX : UINT32_MAX;
    uint8_t packet[ESP_PACKET_BYTES_MAX];
    size_t bytes;

    esp_sa_set_sequence(pair.out, last - last / 16 - 2);
    CHECK_EQ(esp_sa_take_due(pair.out), ESP_DUE_NOTHING);
    esp_fixture_seal(pair.out, packet, 64, 1);
    CHECK_EQ(esp_sa_take_due(pair.out), ESP_DUE_NOTHING);
    esp_fixture_seal(pair.out, packet, 64, 1);
    CHECK_EQ(esp_sa_take_due(pair.out), ESP_DUE_SOFT);
    CHECK_EQ(esp_sa_take_due(pair.out), ESP_DUE_NOTHING);

    esp_sa_set_sequence(pair.out, last - 2);
    esp_sa_set_sequence(pair.in, last - 2);
    for (unsigned i = 0; i < 2; i++)
        CHECK_EQ(esp_fixture_open(pair.in, packet, esp_fixture_seal(pair.out, packet, 64, 1)), 0);
    CHECK_EQ(esp_sa_take_due(pair.out), ESP_DUE_HARD);
    for (unsigned i = 0; i < 3; i++) {
        memset(packet, GUARD, sizeof(packet));
        bytes = 77;
        CHECK_EQ(esp_sa_seal(pair.out, packet, 64, ESP_NEXT_HEADER_IPV4, 0, &bytes), -EOVERFLOW);
        CHECK_EQ(bytes, 77);
        for (size_t k = 0; k < 200; k++)
            CHECK_EQ(packet[k], GUARD);
    }
    CHECK_EQ(esp_sa_sequence(pair.out), last);
    CHECK_EQ(esp_sa_sequence(pair.in), last);
    CHECK_EQ(esp_sa_take_due(pair.out), ESP_DUE_NOTHING);
    esp_pair_free(&pair);
}

static void the_number_never_wraps(void)
{
    for_each_algorithm(exhausted);
}

static void lifetimes_are_told_once(void)
{
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(&esp_algorithms[0], 1, &keys);
    struct esp_pair pair;
    uint8_t packet[ESP_PACKET_BYTES_MAX];
    size_t bytes;

    config.soft = (struct esp_lifetime){ .packets = 3 };
    config.hard = (struct esp_lifetime){ .bytes = 500 };
    pair = esp_pair_new(&config);
    for (unsigned n = 1; n <= 5; n++) {
        enum esp_due expected = n == 3 ? ESP_DUE_SOFT : n == 5 ? ESP_DUE_HARD : ESP_DUE_NOTHING;

        bytes = esp_fixture_seal(pair.out, packet, 100, 1);
        CHECK_EQ(esp_fixture_open(pair.in, packet, bytes), 0);
        CHECK_EQ(esp_sa_take_due(pair.out), expected);
        CHECK_EQ(esp_sa_take_due(pair.in), expected);
        CHECK_EQ(esp_sa_take_due(pair.in), ESP_DUE_NOTHING);
    }
    CHECK_EQ(esp_sa_seal(pair.out, packet, 100, ESP_NEXT_HEADER_IPV4, 0, &bytes), -EOVERFLOW);
    CHECK_EQ(esp_fixture_open(pair.in, packet, bytes), -EOVERFLOW);
    CHECK_EQ(esp_sa_counters(pair.in).packets, 5);
    esp_pair_free(&pair);
}

/* Far beyond the window and back: late ones within it come once, older ones never. */
static void order_and_loss(const struct esp_algorithm *algorithm, bool esn)
{
    enum { N = 400, BYTES = 200 };
    struct esp_pair pair = new_pair(algorithm, esn);
    uint8_t packets[N][BYTES];
    size_t bytes[N], order[N];
    struct prng prng = { 42 };
    unsigned n_lost = 0;

    for (size_t i = 0; i < N; i++) {
        bytes[i] = esp_fixture_seal(pair.out, packets[i], 64, (uint8_t)i);
        order[i] = i;
    }
    for (size_t i = N - 1; i > 0; i--) {
        size_t other = (size_t)prng_between(&prng, 0, i), kept = order[i];

        order[i] = order[other];
        order[other] = kept;
    }
    for (size_t i = 0; i < N; i++) {
        if (prng_next(&prng) % 10 == 0) {
            n_lost++;
            continue;
        }
        CHECK_EQ(esp_fixture_open(pair.in, packets[order[i]], bytes[order[i]]), 0);
        CHECK_EQ(esp_fixture_open(pair.in, packets[order[i]], bytes[order[i]]), -EALREADY);
    }
    CHECK_EQ(esp_sa_counters(pair.in).packets, N - n_lost);
    CHECK_EQ(esp_sa_counters(pair.in).n_replayed, N - n_lost);
    CHECK_EQ(esp_sa_counters(pair.in).n_bad, 0);
    esp_pair_free(&pair);
}

static void order_and_loss_do_not_matter(void)
{
    for_each_algorithm(order_and_loss);
}

static void tfc(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(algorithm, 1, &keys);
    struct esp_pair pair;
    uint8_t packet[ESP_PACKET_BYTES_MAX];
    struct esp_opened opened;

    config.esn = esn;
    config.tfc_bytes = 700;
    pair = esp_pair_new(&config);
    for (size_t inner_bytes = 0; inner_bytes <= 800; inner_bytes += 25) {
        size_t bytes, padded = MAX_OF(inner_bytes, (size_t)700);

        memset(packet, GUARD, sizeof(packet));
        bytes = esp_fixture_seal(pair.out, packet, inner_bytes, 1);
        CHECK_EQ(bytes, esp_sa_sealed_bytes(pair.out, padded));
        CHECK_EQ(packet[bytes], GUARD);
        if (!CHECK_EQ(esp_sa_open(pair.in, packet, bytes, 0, &opened), 0))
            break;
        CHECK_EQ(opened.bytes, padded);
        CHECK(is_counted_up(opened.inner, inner_bytes, 1));
        for (size_t i = inner_bytes; i < padded; i++)
            CHECK_EQ(opened.inner[i], 0);
    }
    esp_pair_free(&pair);
}

static void short_packets_grow_to_the_tfc_size(void)
{
    for_each_algorithm(tfc);
}

static void a_dummy_is_told_as_such(void)
{
    struct esp_pair pair = new_pair(&esp_algorithms[0], false);
    uint8_t packet[ESP_PACKET_BYTES_MAX] = { 0 };
    struct esp_opened opened;
    size_t bytes = 0;

    CHECK_EQ(esp_sa_seal(pair.out, packet, 40, ESP_NEXT_HEADER_NONE, 0, &bytes), 0);
    CHECK_EQ(esp_sa_open(pair.in, packet, bytes, 0, &opened), 0);
    CHECK_EQ(opened.next_header, ESP_NEXT_HEADER_NONE);
    esp_pair_free(&pair);
}

/* An authentic packet whose trailer is nonsense: made with the cipher alone. It takes its place in the window all the same. */
static void padding_is_looked_at(void)
{
    static const struct {
        const char *payload;
        int expected;
    } cases[] = {
        { "45000000 0204 00 04", 0 },         /* none */
        { "45000000 01 02 02 04", 0 },        /* 1, 2 */
        { "45000000 01 01 02 04", -EBADMSG }, /* 1, 1 */
        { "45000000 00 00 02 04", -EBADMSG }, /* zeros */
        { "01020304 05 06 06 04", 0 },        /* nothing but padding */
        { "01020304 05 06 07 04", -EBADMSG }, /* longer than the packet */
        { "01020304 05 06 ff 04", -EBADMSG },
    };
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(&esp_algorithms[0], 1, &keys);
    struct esp_pair pair = esp_pair_new(&config);
    struct esp_cipher *cipher;

    if (!CHECK_EQ(esp_cipher_new(&config.keys, true, &cipher), 0))
        return;
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        uint8_t packet[64] = { 0x00, 0x01, 0x00, 0x01, 0, 0, 0, (uint8_t)(i + 1) };

        test_context("row %zu", i);
        CHECK_EQ(esp_from_hex(cases[i].payload, packet + 16, 8), 8);
        CHECK_EQ(esp_cipher_seal(cipher, packet, 8, i + 1, false), 0);
        CHECK_EQ(esp_fixture_open(pair.in, packet, 40), cases[i].expected);
        CHECK_EQ(esp_sa_sequence(pair.in), i + 1);
    }
    esp_cipher_free(cipher);
    esp_pair_free(&pair);
}

static void misuse_is_refused(void)
{
    struct esp_key_bytes keys;
    struct esp_sa_config good = esp_fixture_config(&esp_algorithms[0], 1, &keys), bad;
    struct esp_pair pair = esp_pair_new(&good);
    uint8_t packet[ESP_PACKET_BYTES_MAX] = { 0 };
    struct esp_opened opened;
    struct esp_sa *sa = NULL;
    size_t bytes;

    CHECK_EQ(esp_sa_seal(pair.in, packet, 40, ESP_NEXT_HEADER_IPV4, 0, &bytes), -EINVAL);
    CHECK_EQ(esp_sa_open(pair.out, packet, 100, 0, &opened), -EINVAL);
    esp_pair_free(&pair);

    bad = good, bad.spi = 255;
    CHECK_EQ(esp_sa_new(&bad, &sa), -EINVAL);
    bad = good, bad.keys.integrity = ESP_INTEGRITY_HMAC_SHA2_256_128, bad.keys.integrity_key_bytes = 32;
    CHECK_EQ(esp_sa_new(&bad, &sa), -EINVAL);
    bad = good, bad.keys.encryption = ESP_ENCRYPTION_AES_CBC, bad.keys.encryption_key_bytes = 16;
    CHECK_EQ(esp_sa_new(&bad, &sa), -EINVAL); /* CBC without integrity */
    for (size_t n = 0; n <= 36; n++) {
        bad = good, bad.keys.encryption_key_bytes = n;
        CHECK_EQ(esp_sa_new(&bad, &sa), n == 20 || n == 28 || n == 36 ? 0 : -EINVAL);
        esp_sa_free(sa);
        sa = NULL;
    }
    for (size_t n = 0; n <= 64; n++) {
        bad = esp_fixture_config(&esp_algorithms[4], 1, &keys);
        bad.keys.integrity_key_bytes = n;
        CHECK_EQ(esp_sa_new(&bad, &sa), n == 32 ? 0 : -EINVAL);
        esp_sa_free(sa);
        sa = NULL;
    }
}

/* RFC 3602, 3, and RFC 4106, 3.1: no IV twice; those of CBC also with no pattern that a counter would have. */
static void no_iv_comes_twice(const struct esp_algorithm *algorithm, bool esn)
{
    enum { N = 300 };
    struct esp_pair pair = new_pair(algorithm, esn);
    size_t iv_bytes = esp_sa_headroom(pair.out) - ESP_HEADER_BYTES;
    uint8_t ivs[N][ESP_IV_BYTES_MAX];

    for (size_t i = 0; i < N; i++) {
        uint8_t packet[256];

        esp_fixture_seal(pair.out, packet, 16, 0);
        memcpy(ivs[i], packet + ESP_HEADER_BYTES, iv_bytes);
        for (size_t k = 0; k < i; k++)
            CHECK(memcmp(ivs[i], ivs[k], iv_bytes) != 0);
    }
    esp_pair_free(&pair);
}

static void ivs_are_fresh(void)
{
    for_each_algorithm(no_iv_comes_twice);
}

static const struct test tests[] = {
    TEST(every_size_comes_back),
    TEST(the_largest_inner_packet_fits),
    TEST(what_is_cut_anywhere_is_refused),
    TEST(what_is_changed_anywhere_is_refused),
    TEST(another_key_opens_nothing),
    TEST(extended_numbers_cross_the_border_both_ways),
    TEST(the_upper_half_is_authenticated),
    TEST(the_number_never_wraps),
    TEST(lifetimes_are_told_once),
    TEST(order_and_loss_do_not_matter),
    TEST(short_packets_grow_to_the_tfc_size),
    TEST(a_dummy_is_told_as_such),
    TEST(padding_is_looked_at),
    TEST(misuse_is_refused),
    TEST(ivs_are_fresh),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
