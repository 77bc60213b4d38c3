/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a STUN answer: hexadecimal digits, so that the corpus can be read. Each input is tried as it is and with a header put right,
 * which is where a lying server begins. What is refused leaves the output untouched; what is taken names a usable address or none.
 */
#include "fuzz/target.h"
#include "sys/stun.h"

#include <errno.h>
#include <string.h>

#define TRY_MAX_BYTES (STUN_MESSAGE_MAX + 8)

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits; anything else stands between pairs. */
static size_t decode(const uint8_t *text, size_t n_text, uint8_t *ret)
{
    size_t n = 0;

    for (size_t i = 0; i + 1 < n_text && n < TRY_MAX_BYTES; i++) {
        if (digit(text[i]) < 0 || digit(text[i + 1]) < 0)
            continue;
        ret[n++] = (uint8_t)(digit(text[i]) << 4 | digit(text[i + 1]));
        i++;
    }
    return n;
}

static void try_answer(const uint8_t *bytes, size_t n_bytes)
{
    uint8_t *exact = malloc(n_bytes ? n_bytes : 1);
    struct stun_answer answer, untouched;

    if (!exact)
        abort();
    memcpy(exact, bytes, n_bytes);
    memset(&answer, 0xaa, sizeof(answer));
    memset(&untouched, 0xaa, sizeof(untouched));
    if (stun_parse_answer(exact, n_bytes, &answer) < 0) {
        MUST_HOLD(memcmp(&answer, &untouched, sizeof(answer)) == 0);
    } else {
        MUST_HOLD(memcmp(answer.id, bytes + 8, STUN_ID_SIZE) == 0);
        MUST_HOLD(answer.success == (answer.mapped.family != 0));
        MUST_HOLD(answer.success == (answer.mapped_port != 0));
        MUST_HOLD(!answer.success || answer.error_code == 0);
        MUST_HOLD(answer.error_code == 0 || (answer.error_code >= 300 && answer.error_code < 700));
    }
    free(exact);
}

static void put_header_right(uint8_t *bytes, size_t n_bytes)
{
    static const uint8_t HEADER[] = { 0x01, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42 };

    memcpy(bytes, HEADER, sizeof(HEADER));
    bytes[2] = (uint8_t)((n_bytes - 20) >> 8);
    bytes[3] = (uint8_t)(n_bytes - 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *text, size_t n_text)
{
    static uint8_t bytes[TRY_MAX_BYTES];
    size_t n_bytes = decode(text, n_text, bytes);

    try_answer(bytes, n_bytes);
    if (n_bytes < 20)
        return 0;
    put_header_right(bytes, n_bytes & ~(size_t)3);
    try_answer(bytes, n_bytes & ~(size_t)3);
    bytes[1] = 0x11; /* an error response */
    try_answer(bytes, n_bytes & ~(size_t)3);
    return 0;
}
