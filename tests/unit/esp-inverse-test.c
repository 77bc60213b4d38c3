/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of the kernel's frames, cut, then lost, doubled and reordered on the way, merged and cut again: the same packets. MVPN_SEED= chooses
 * another run, MVPN_ROUNDS= a longer one; the seed of a failed round is printed.
 */
#include "support/esp-inverse.h"

#include "base/macro.h"
#include "base/prng.h"
#include "esp/segment.h"
#include "support/ip-packet.h"
#include "support/test.h"

#include <linux/virtio_net.h>
#include <stdlib.h>

#define FLOWS 12

struct flow {
    struct ip_packet next;
};

struct stream {
    struct prng prng;
    struct flow flows[FLOWS];
    size_t n_packets;
    struct {
        uint8_t bytes[1600];
        size_t n_bytes;
    } packets[INVERSE_PACKETS_MAX];
};

static struct stream stream;
static struct inverse inverse;
static uint8_t frame[70000];

static bool one_in(unsigned n)
{
    return prng_between(&stream.prng, 1, n) == 1;
}

static size_t between(size_t low, size_t high)
{
    return (size_t)prng_between(&stream.prng, low, high);
}

static void make_flows(void)
{
    for (unsigned i = 0; i < FLOWS; i++) {
        stream.flows[i].next = (struct ip_packet){
            .family = one_in(2) ? 4 : 6,
            .protocol = one_in(3) ? 17 : 6,
            .host = (uint8_t)between(1, 3),
            .source_port = (uint16_t)between(1, 65535),
            .destination_port = (uint16_t)between(1, 65535),
            .fragment = one_in(3) ? 0 : 0x4000,
            .sequence = (uint32_t)prng_next(&stream.prng),
            .identification = (uint16_t)prng_next(&stream.prng),
            .window = 500,
            .flags = 0x10,
            .options_bytes = one_in(3) ? between(0, 10) * 4 : 12,
        };
    }
}

/* What changes in a flow from frame to frame, most of it rarely. */
static void change_flow(struct ip_packet *next)
{
    if (one_in(20))
        next->acknowledgement += 1000;
    if (one_in(20))
        next->timestamp++;
    if (one_in(30))
        next->window++;
    if (one_in(60))
        next->tos ^= 3;
    if (one_in(60))
        next->hop_limit = (uint8_t)between(1, 255);
    if (one_in(60))
        next->flow_label ^= 1;
    if (one_in(60))
        next->ip_options_bytes = next->ip_options_bytes ? 0 : 8;
    next->flags = one_in(6) ? 0x18 : one_in(40) ? (uint8_t)prng_next(&stream.prng) : 0x10;
    next->fill = (uint8_t)prng_next(&stream.prng);
}

static void keep_packet(const uint8_t *bytes, size_t n_bytes)
{
    if (stream.n_packets == INVERSE_PACKETS_MAX)
        return;
    memcpy(stream.packets[stream.n_packets].bytes, bytes, n_bytes);
    stream.packets[stream.n_packets++].n_bytes = n_bytes;
}

/* Cut by the segmenter, each packet judged; returns how many. */
static size_t cut(const struct virtio_net_hdr *hdr, size_t n_bytes)
{
    struct segmenter s;
    uint8_t packet[1600];
    size_t n, n_cut = 0;

    CHECK_EQ(segment_begin(&s, hdr, frame, n_bytes), 0);
    while ((n = segment_next(&s, packet, sizeof(packet))) > 0) {
        const char *wrong = ip_packet_fault(packet, n);

        CHECK_STR(wrong ? wrong : "none", "none");
        keep_packet(packet, n);
        n_cut++;
    }
    CHECK_EQ(segment_peek(&s), 0);
    return n_cut;
}

static void add_frame_of(struct ip_packet *next)
{
    struct virtio_net_hdr hdr;
    size_t segment_bytes = one_in(8) ? between(1, 1400) : 1300, n_bytes;

    change_flow(next);
    next->payload_bytes = one_in(3)   ? between(0, segment_bytes)
                          : one_in(4) ? segment_bytes * between(1, 40)
                                      : between(1, 50 * segment_bytes);
    next->payload_bytes = MIN_OF(next->payload_bytes, (size_t)65000);
    n_bytes = ip_frame_write(next, next->payload_bytes > segment_bytes ? segment_bytes : 0, &hdr, frame);
    next->identification = (uint16_t)(next->identification + cut(&hdr, n_bytes));
    next->sequence += (uint32_t)next->payload_bytes;
}

static void add_stranger(void)
{
    struct ip_packet packet = {
        .family = one_in(2) ? 4 : 6,
        .protocol = (uint8_t)(one_in(3) ? 17 : between(40, 140)),
        .host = (uint8_t)between(1, 3),
        .payload_bytes = between(8, 200),
    };

    if (packet.family == 4 && one_in(2))
        packet.fragment = (uint16_t)between(1, 0x3fff);
    if (packet.protocol == 60) /* an extension header over IPv6, which this is not */
        packet.protocol = 61;
    if (packet.protocol == 43 || packet.protocol == 44)
        packet.protocol = 47;
    keep_packet(frame, ip_packet_write(&packet, frame));
}

static void make_stream(uint64_t seed)
{
    size_t n_frames;

    stream.prng.state = seed;
    stream.n_packets = 0;
    make_flows();
    n_frames = between(1, 30);
    for (size_t i = 0; i < n_frames; i++) {
        add_frame_of(&stream.flows[between(0, one_in(2) ? 1 : FLOWS - 1)].next);
        if (one_in(10))
            add_stranger();
    }
}

static void swap_packets(size_t a, size_t b)
{
    __typeof__(stream.packets[0]) kept = stream.packets[a];

    stream.packets[a] = stream.packets[b];
    stream.packets[b] = kept;
}

/* As a network does: a little, or (interleaving) whole stretches. */
static void disturb(void)
{
    for (size_t i = 0; i + 1 < stream.n_packets; i++) {
        if (one_in(50))
            stream.packets[i] = stream.packets[i + 1]; /* one lost, one doubled */
        if (one_in(50))
            swap_packets(i, i + 1);
        if (one_in(100))
            swap_packets(i, between(0, stream.n_packets - 1));
        if (one_in(100))
            stream.packets[i].bytes[between(0, stream.packets[i].n_bytes - 1)] ^=
                1; /* the cipher would have seen it */
    }
}

static unsigned number_from(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);

    return text ? (unsigned)strtoul(text, NULL, 0) : otherwise;
}

static void check_rounds(bool disturbed, bool merges_udp)
{
    unsigned first = number_from("MVPN_SEED", 1), n_rounds = number_from("MVPN_ROUNDS", 400);
    size_t n_packets = 0, n_merged = 0;

    for (unsigned seed = first; seed < first + n_rounds; seed++) {
        const char *wrong;

        test_context("seed %u", seed);
        make_stream(seed);
        if (disturbed)
            disturb();
        inverse_begin(&inverse, merges_udp);
        inverse.exact = !disturbed;
        for (size_t i = 0; i < stream.n_packets; i++)
            n_packets += inverse_add(&inverse, stream.packets[i].bytes, stream.packets[i].n_bytes);
        wrong = inverse_check(&inverse);
        n_merged += inverse.n_merged;
        if (wrong)
            return (void)CHECK_STR(wrong, "nothing");
    }
    printf("%zu packets, %zu of them merged\n", n_packets, n_merged);
    CHECK_GE(n_merged, n_packets / 3); /* else it proved little */
}

static void undisturbed_streams(void)
{
    check_rounds(false, true);
    check_rounds(false, false);
}

static void disturbed_streams(void)
{
    check_rounds(true, true);
    check_rounds(true, false);
}

static const struct test tests[] = { TEST(undisturbed_streams), TEST(disturbed_streams) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
