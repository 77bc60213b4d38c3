/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared part of the codec's tests.
 */
#include "unit/dm-fixture.h"
#include "base/cleanup.h"
#include "support/test.h"

#include <stdlib.h>

struct dm_message *must_parse(enum dm_encoding encoding, const void *bytes, size_t n_bytes)
{
    struct dm_message *message = NULL;
    struct dm_error error = { "" };

    if (dm_message_parse(encoding, bytes, n_bytes, &message, &error) == 0)
        return message;
    test_fail(__FILE__, __LINE__, "refused: %s", error.text);
    return NULL;
}

int must_fail(enum dm_encoding encoding, const void *bytes, size_t n_bytes)
{
    struct dm_message *message = NULL;
    struct dm_error error = { "" };
    int r = dm_message_parse(encoding, bytes, n_bytes, &message, &error);

    CHECK(r < 0);
    CHECK(!message);
    CHECK(error.text[0]);
    dm_message_free(message);
    return r;
}

char *xml_around(const char *commands)
{
    static const char BEFORE[] = "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>"
                                 "<SessionID>1</SessionID><MsgID>1</MsgID></SyncHdr><SyncBody>";
    static const char BEHIND[] = "<Final/></SyncBody></SyncML>";
    size_t size = sizeof(BEFORE) + strlen(commands) + sizeof(BEHIND);
    char *text = malloc(size);

    if (text)
        snprintf(text, size, "%s%s%s", BEFORE, commands, BEHIND);
    return text;
}

struct dm_message *parse_body(const char *commands)
{
    _cleanup_free_ char *text = xml_around(commands);

    return must_parse(DM_ENCODING_XML, text, strlen(text));
}

int fail_body(const char *commands)
{
    _cleanup_free_ char *text = xml_around(commands);

    return must_fail(DM_ENCODING_XML, text, strlen(text));
}

const struct dm_item *first_item(const struct dm_message *message)
{
    return message && message->commands ? message->commands->items : NULL;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t from_hex(const char *hex, uint8_t *ret, size_t size)
{
    size_t n = 0;

    for (; hex[0] && hex[1] && n < size; hex++) {
        if (digit(hex[0]) < 0 || digit(hex[1]) < 0)
            continue;
        ret[n++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
        hex++;
    }
    return n;
}
