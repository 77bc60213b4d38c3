/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invariants of the codec.
 */
#include "fuzz/dm-codec.h"
#include "fuzz/target.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct written {
    char *bytes;
    size_t n_bytes;
};

static struct written write_message(const struct dm_message *message, enum dm_encoding encoding)
{
    struct written w = { NULL, 0 };
    size_t again = 0;

    MUST_HOLD(dm_message_write(message, encoding, NULL, 0, &w.n_bytes) == -ENOSPC);
    w.bytes = malloc(w.n_bytes);
    MUST_HOLD(w.bytes != NULL);
    MUST_HOLD(dm_message_write(message, encoding, w.bytes, w.n_bytes, &again) == 0);
    MUST_HOLD(again == w.n_bytes);
    return w;
}

/* What we wrote is a message, and the same one. Escapes can make it larger than one may be: then it is refused for that only. */
static void read_again(struct written w, enum dm_encoding encoding, struct written wanted, enum dm_encoding wanted_encoding)
{
    struct dm_message *message = NULL;
    struct written got;
    int r = dm_message_parse(encoding, w.bytes, w.n_bytes, &message, NULL);

    if (r == -E2BIG)
        return;
    MUST_HOLD(r == 0);
    got = write_message(message, wanted_encoding);
    MUST_HOLD(got.n_bytes == wanted.n_bytes && memcmp(got.bytes, wanted.bytes, got.n_bytes) == 0);
    free(got.bytes);
    dm_message_free(message);
}

static void look_at(const struct dm_message *message)
{
    struct written xml = write_message(message, DM_ENCODING_XML), wbxml = write_message(message, DM_ENCODING_WBXML);

    MUST_HOLD(message->left.elements <= DM_ELEMENTS_MAX && message->left.depth <= DM_DEPTH_MAX && message->left.bytes <= DM_BYTES_MAX);
    MUST_HOLD(dm_arena_used(message->arena) <= DM_ARENA_BYTES);
    read_again(xml, DM_ENCODING_XML, xml, DM_ENCODING_XML);
    read_again(wbxml, DM_ENCODING_WBXML, wbxml, DM_ENCODING_WBXML);
    read_again(wbxml, DM_ENCODING_WBXML, xml, DM_ENCODING_XML);
    free(xml.bytes);
    free(wbxml.bytes);
}

static int in_pieces(enum dm_encoding encoding, const uint8_t *bytes, size_t n_bytes, struct dm_message **ret, struct dm_error *error)
{
    struct dm_receiver *receiver = dm_receiver_new(encoding);
    int r = 0;

    MUST_HOLD(receiver != NULL);
    for (size_t at = 0, n = 1; r == 0 && at < n_bytes; at += n, n = n % 7 + 1)
        r = dm_receiver_feed(receiver, bytes + at, n_bytes - at < n ? n_bytes - at : n, error);
    if (r == 0)
        r = dm_receiver_end(receiver, ret, error);
    dm_receiver_free(receiver);
    return r;
}

void fuzz_message(enum dm_encoding encoding, const uint8_t *bytes, size_t n_bytes)
{
    struct dm_message *message = NULL, *pieces = NULL;
    struct dm_error error = { "" };
    int r = dm_message_parse(encoding, bytes, n_bytes, &message, &error);
    int r_pieces = in_pieces(encoding, bytes, n_bytes, &pieces, NULL);

    MUST_HOLD((r == 0) == (r_pieces == 0)); /* which of two mistakes is seen first depends on the pieces */
    MUST_HOLD(r == 0 || error.text[0]);
    MUST_HOLD(r == 0 || r == -EBADMSG || r == -EPERM || r == -E2BIG);
    if (r == 0)
        look_at(message);
    dm_message_free(message);
    dm_message_free(pieces);
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const uint8_t *fuzz_unhex(const uint8_t *bytes, size_t n_bytes, uint8_t *buf, size_t size, size_t *ret_n_bytes)
{
    size_t n = 0;

    *ret_n_bytes = n_bytes;
    if (n_bytes < 4 || memcmp(bytes, "hex:", 4) != 0)
        return bytes;
    for (size_t i = 4; i + 1 < n_bytes && n < size; i++) {
        if (digit(bytes[i]) < 0 || digit(bytes[i + 1]) < 0)
            continue;
        buf[n++] = (uint8_t)(digit(bytes[i]) << 4 | digit(bytes[i + 1]));
        i++;
    }
    *ret_n_bytes = n;
    return buf;
}
