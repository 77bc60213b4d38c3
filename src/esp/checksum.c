/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vectors of 64-bit words. Of each word the sum of the whole (modulo 2^64) and of the upper half are kept; the sum of the lower halves is what
 * remains, exactly, because below 2^32 words it is less than 2^64: three operations a vector, and no carry to look after.
 * Measured for 1438 bytes on an EPYC (tests/bench/esp-packets): a plain loop of halves 440 ns, 16-byte vectors 65, AVX2 34; while copying 51,
 * where memcpy() and a second pass take 66. See checksum.h.
 */
#include "esp/checksum.h"

#include "esp/wire.h"

#include <arpa/inet.h>

#define BLOCK_BYTES 64

/* CHECKSUM_PORTABLE: what other processors do, for the tests. */
#if defined(__x86_64__) && !defined(CHECKSUM_PORTABLE)
#define CHECKSUM_AVX2 1
#else
#define CHECKSUM_AVX2 0
#endif

/* With to == NULL, known when compiled, nothing is copied. */
#define _specialised_ static inline __attribute__((always_inline))

typedef uint64_t vector16 __attribute__((vector_size(16)));
typedef uint64_t vector32 __attribute__((vector_size(32)));

static uint64_t halves(uint64_t word)
{
    return (word & UINT32_MAX) + (word >> 32);
}

/* From the sum of words modulo 2^64 and the sum of their upper halves. */
static uint64_t combine(uint64_t words, uint64_t uppers)
{
    return halves(words - (uppers << 32)) + halves(uppers);
}

/* What every processor has: SSE2, NEON. Single variables: compilers leave arrays of vectors in memory. */
_specialised_ uint64_t blocks16(uint8_t *to, const uint8_t *from, size_t n_blocks)
{
    vector16 a, b, c, d, words0 = { 0 }, words1 = { 0 }, uppers0 = { 0 }, uppers1 = { 0 };

    for (; n_blocks > 0; n_blocks--, from += BLOCK_BYTES) {
        memcpy(&a, from, 16);
        memcpy(&b, from + 16, 16);
        memcpy(&c, from + 32, 16);
        memcpy(&d, from + 48, 16);
        if (to) {
            memcpy(to, &a, 16);
            memcpy(to + 16, &b, 16);
            memcpy(to + 32, &c, 16);
            memcpy(to + 48, &d, 16);
            to += BLOCK_BYTES;
        }
        words0 += a + c;
        words1 += b + d;
        uppers0 += (a >> 32) + (c >> 32);
        uppers1 += (b >> 32) + (d >> 32);
    }
    words0 += words1;
    uppers0 += uppers1;
    return combine(words0[0] + words0[1], uppers0[0] + uppers0[1]);
}

#if CHECKSUM_AVX2
_specialised_ __attribute__((target("avx2"))) uint64_t blocks32(
    uint8_t *to, const uint8_t *from, size_t n_blocks)
{
    vector32 a, b, words0 = { 0 }, words1 = { 0 }, uppers0 = { 0 }, uppers1 = { 0 };

    for (; n_blocks > 0; n_blocks--, from += BLOCK_BYTES) {
        memcpy(&a, from, 32);
        memcpy(&b, from + 32, 32);
        if (to) {
            memcpy(to, &a, 32);
            memcpy(to + 32, &b, 32);
            to += BLOCK_BYTES;
        }
        words0 += a;
        words1 += b;
        uppers0 += a >> 32;
        uppers1 += b >> 32;
    }
    words0 += words1;
    uppers0 += uppers1;
    return combine(
        words0[0] + words0[1] + words0[2] + words0[3], uppers0[0] + uppers0[1] + uppers0[2] + uppers0[3]);
}

__attribute__((target("avx2"))) static uint64_t add_avx2(const uint8_t *from, size_t n_blocks)
{
    return blocks32(NULL, from, n_blocks);
}

__attribute__((target("avx2"))) static uint64_t copy_avx2(uint8_t *to, const uint8_t *from, size_t n_blocks)
{
    return blocks32(to, from, n_blocks);
}
#endif

static uint64_t add_blocks(const uint8_t *from, size_t n_blocks)
{
#if CHECKSUM_AVX2
    if (__builtin_cpu_supports("avx2"))
        return add_avx2(from, n_blocks);
#endif
    return blocks16(NULL, from, n_blocks);
}

static uint64_t copy_blocks(uint8_t *to, const uint8_t *from, size_t n_blocks)
{
#if CHECKSUM_AVX2
    if (__builtin_cpu_supports("avx2"))
        return copy_avx2(to, from, n_blocks);
#endif
    return blocks16(to, from, n_blocks);
}

/*
 * The 1 to 7 bytes before `end`, with zeros behind them, of 8 that can be read there. Bytes that are gathered one by one and read as a word are
 * not forwarded by the processor: it waits until they are written, longer than for everything else of a header.
 */
static uint64_t last_word(const uint8_t *end, size_t bytes)
{
    unsigned missing_bits = 64 - 8 * (unsigned)bytes;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return raw64(end - 8) >> missing_bits;
#else
    return raw64(end - 8) << missing_bits;
#endif
}

/* Less than a block, which before_bytes of the same data precede; missing bytes of the last word count as zeros. */
static uint64_t add_rest(const uint8_t *p, size_t bytes, size_t before_bytes)
{
    uint8_t padded[8] = { 0 };
    const uint8_t *end = p + bytes;
    uint64_t sum = 0;

    before_bytes += bytes;
    for (; bytes >= 8; p += 8, bytes -= 8)
        sum += halves(raw64(p));
    if (bytes == 0)
        return sum;
    if (before_bytes >= 8)
        return sum + halves(last_word(end, bytes));
    memcpy(padded, p, bytes);
    return sum + halves(raw64(padded));
}

uint64_t checksum_add(uint64_t sum, const void *data, size_t bytes)
{
    size_t in_blocks = bytes - bytes % BLOCK_BYTES;

    if (in_blocks > 0)
        sum += add_blocks(data, in_blocks / BLOCK_BYTES);
    return sum + add_rest((const uint8_t *)data + in_blocks, bytes - in_blocks, in_blocks);
}

uint64_t checksum_copy(uint64_t sum, void *to, const void *from, size_t bytes)
{
    size_t in_blocks = bytes - bytes % BLOCK_BYTES;

    if (in_blocks > 0)
        sum += copy_blocks(to, from, in_blocks / BLOCK_BYTES);
    memcpy((uint8_t *)to + in_blocks, (const uint8_t *)from + in_blocks, bytes - in_blocks);
    return sum + add_rest((const uint8_t *)from + in_blocks, bytes - in_blocks, in_blocks);
}

uint64_t checksum_pseudo_header(const uint8_t *ip, uint8_t protocol, size_t upper_bytes)
{
    uint64_t sum = (uint64_t)htons(protocol) + htonl((uint32_t)upper_bytes);

    if (ip_is_v4(ip))
        return sum + raw32(ip + 12) + raw32(ip + 16);
    return sum + add_rest(ip + 8, 32, 0);
}
