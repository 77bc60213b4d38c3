/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire format of RFC 8489, 5 and 14: a header of 20 bytes, then attributes, each padded to four bytes. Every length is checked against
 * what is there before it is followed.
 */
#include "sys/stun.h"

#include "base/crc32.h"

#include <errno.h>
#include <string.h>

#define HEADER_SIZE      20
#define ATTR_HEADER_SIZE 4
#define MAGIC_COOKIE     UINT32_C(0x2112a442)
#define FINGERPRINT_XOR  UINT32_C(0x5354554e)

#define TYPE_REQUEST 0x0001
#define TYPE_SUCCESS 0x0101
#define TYPE_ERROR   0x0111

enum stun_attr {
    ATTR_MAPPED_ADDRESS = 0x0001,
    ATTR_CHANGED_ADDRESS = 0x0005, /* up to here addresses of RFC 3489, 11.2, that old servers add; of no interest */
    ATTR_MESSAGE_INTEGRITY = 0x0008,
    ATTR_ERROR_CODE = 0x0009,
    ATTR_UNKNOWN_ATTRIBUTES = 0x000a,
    ATTR_REFLECTED_FROM = 0x000b, /* RFC 3489 */
    ATTR_REALM = 0x0014,
    ATTR_NONCE = 0x0015,
    ATTR_MESSAGE_INTEGRITY_SHA256 = 0x001c,
    ATTR_XOR_MAPPED_ADDRESS = 0x0020,
    ATTR_RESPONSE_PORT = 0x0027,
    ATTR_FINGERPRINT = 0x8028,
};
#define ATTR_OPTIONAL 0x8000 /* from here on: to be passed over where not understood */

struct attr {
    uint16_t type, length; /* length: of the value, without padding */
    const uint8_t *value;
};

/* What the attributes said. */
struct answer_parts {
    struct ip_addr mapped, xor_mapped;
    uint16_t mapped_port, xor_mapped_port;
    unsigned error_code;
    bool unknown; /* something must be understood and is not */
};

static void put16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, uint32_t value)
{
    put16(to, (uint16_t)(value >> 16));
    put16(to + 2, (uint16_t)value);
}

static uint16_t get16(const uint8_t *from)
{
    return (uint16_t)(from[0] << 8 | from[1]);
}

static uint32_t get32(const uint8_t *from)
{
    return (uint32_t)get16(from) << 16 | get16(from + 2);
}

static uint32_t fingerprint_of(const uint8_t *message, size_t n_bytes)
{
    return crc32_of(message, n_bytes) ^ FINGERPRINT_XOR;
}

/* RESPONSE-PORT as RFC 5780, 7.5, has it: a length of two and two bytes of padding. Public servers take no other form. */
size_t stun_format_request(const uint8_t id[STUN_ID_SIZE], uint16_t response_port, uint8_t *ret)
{
    size_t length = HEADER_SIZE;

    memset(ret, 0, STUN_REQUEST_SIZE);
    put16(ret, TYPE_REQUEST);
    put32(ret + 4, MAGIC_COOKIE);
    memcpy(ret + 8, id, STUN_ID_SIZE);
    if (response_port) {
        put16(ret + length, ATTR_RESPONSE_PORT);
        put16(ret + length + 2, 2);
        put16(ret + length + 4, response_port);
        length += 8;
    }
    put16(ret + 2, (uint16_t)(length + 8 - HEADER_SIZE)); /* it counts the fingerprint, too (RFC 8489, 14.7) */
    put16(ret + length, ATTR_FINGERPRINT);
    put16(ret + length + 2, 4);
    put32(ret + length + 4, fingerprint_of(ret, length));
    return length + 8;
}

/* MAPPED-ADDRESS and XOR-MAPPED-ADDRESS (RFC 8489, 14.1 and 14.2); mask: what the latter is combined with, or zeros. */
static int parse_address(const struct attr *attr, const uint8_t mask[16], struct ip_addr *ret, uint16_t *ret_port)
{
    uint8_t bytes[16], family;
    size_t size;

    if (attr->length < 4)
        return -EBADMSG;
    family = attr->value[1] == 1 ? 4 : attr->value[1] == 2 ? 6 : 0;
    size = ip_addr_size(family);
    if (size == 0 || attr->length != 4 + size)
        return -EBADMSG;
    if (ret->family)
        return 0; /* of several the first counts (RFC 8489, 14) */
    for (size_t i = 0; i < size; i++)
        bytes[i] = attr->value[4 + i] ^ mask[i];
    *ret = ip_addr_from_bytes(family, bytes);
    *ret_port = (uint16_t)(get16(attr->value + 2) ^ get16(mask));
    return 0;
}

/* Class (3 to 6) and number (RFC 8489, 14.8). */
static int parse_error(const struct attr *attr, unsigned *ret_code)
{
    unsigned class, number;

    if (attr->length < 4)
        return -EBADMSG;
    class = attr->value[2] & 7;
    number = attr->value[3];
    if (class < 3 || class > 6 || number > 99)
        return -EBADMSG;
    if (*ret_code == 0)
        *ret_code = class * 100 + number;
    return 0;
}

static int take_attr(const uint8_t *message, const struct attr *attr, struct answer_parts *parts)
{
    static const uint8_t ZEROS[16];

    switch (attr->type) {
    case ATTR_MAPPED_ADDRESS:
        return parse_address(attr, ZEROS, &parts->mapped, &parts->mapped_port);
    case ATTR_XOR_MAPPED_ADDRESS:
        return parse_address(attr, message + 4, &parts->xor_mapped, &parts->xor_mapped_port); /* cookie and id */
    case ATTR_ERROR_CODE:
        return parse_error(attr, &parts->error_code);
    case ATTR_FINGERPRINT:
        if (attr->length != 4 || get32(attr->value) != fingerprint_of(message, (size_t)(attr->value - message) - ATTR_HEADER_SIZE))
            return -EBADMSG;
        return 0;
    case ATTR_MESSAGE_INTEGRITY: /* there is no credential to check it by, and none was asked for */
        return attr->length == 20 ? 0 : -EBADMSG;
    case ATTR_MESSAGE_INTEGRITY_SHA256:
    case ATTR_UNKNOWN_ATTRIBUTES:
    case ATTR_REFLECTED_FROM:
    case ATTR_REALM:
    case ATTR_NONCE:
        return 0;
    default:
        parts->unknown |= attr->type > ATTR_CHANGED_ADDRESS && attr->type < ATTR_OPTIONAL;
        return 0;
    }
}

static int parse_attrs(const uint8_t *message, size_t n_bytes, struct answer_parts *parts)
{
    size_t at = HEADER_SIZE;

    while (at < n_bytes) {
        struct attr attr = { get16(message + at), get16(message + at + 2), message + at + ATTR_HEADER_SIZE };
        size_t room = n_bytes - at - ATTR_HEADER_SIZE; /* lengths are multiples of four, so the header is there */
        int r;

        if (attr.length > room)
            return -EBADMSG;
        r = take_attr(message, &attr, parts);
        if (r < 0)
            return r;
        at += ATTR_HEADER_SIZE + ((attr.length + 3u) & ~3u);
        if (attr.type == ATTR_FINGERPRINT && at != n_bytes)
            return -EBADMSG; /* it is the last one */
    }
    return 0;
}

int stun_parse_answer(const void *bytes, size_t n_bytes, struct stun_answer *ret)
{
    const uint8_t *message = bytes;
    struct answer_parts parts = { 0 };
    struct stun_answer answer = { 0 };
    bool success;
    int r;

    if (n_bytes < HEADER_SIZE || n_bytes > STUN_MESSAGE_MAX || get32(message + 4) != MAGIC_COOKIE)
        return -EBADMSG;
    success = get16(message) == TYPE_SUCCESS;
    if ((!success && get16(message) != TYPE_ERROR) || get16(message + 2) != n_bytes - HEADER_SIZE || n_bytes % 4 != 0)
        return -EBADMSG;
    r = parse_attrs(message, n_bytes, &parts);
    if (r < 0)
        return r;
    memcpy(answer.id, message + 8, STUN_ID_SIZE);
    answer.success = success && !parts.unknown; /* RFC 8489, 6.3.3: such a transaction has failed */
    if (answer.success) {
        bool has_xor = parts.xor_mapped.family != 0;

        answer.mapped = has_xor ? parts.xor_mapped : parts.mapped;
        answer.mapped_port = has_xor ? parts.xor_mapped_port : parts.mapped_port;
        if (!answer.mapped.family || answer.mapped_port == 0)
            return -EBADMSG;
    } else if (!success) {
        answer.error_code = parts.error_code;
    }
    *ret = answer;
    return 0;
}
