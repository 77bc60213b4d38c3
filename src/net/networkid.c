/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of networks. The longest has an SSID of 32 bytes, each written as three, and an address of 20.
 */
#include "net/networkid.h"

#include "base/strbuf.h"

#include <string.h>

_Static_assert(sizeof("wifi:,") + 3 * SSID_MAX_BYTES + 3 * 6 <= NETWORK_ID_SIZE, "an SSID and an address of Wi-Fi fit");
_Static_assert(sizeof("wired:") + 3 * LINK_LAYER_MAX_BYTES <= NETWORK_ID_SIZE, "the longest address fits");

bool network_is_named_by_router(enum link_type type)
{
    return type == LINK_TYPE_ETHERNET || type == LINK_TYPE_WIFI || type == LINK_TYPE_OTHER;
}

static bool is_plain(uint8_t c)
{
    return c && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", c);
}

static void add_ssid(struct strbuf *s, const struct ssid *ssid)
{
    for (uint8_t i = 0; i < ssid->n_bytes && i < SSID_MAX_BYTES; i++)
        strbuf_add(s, is_plain(ssid->bytes[i]) ? "%c" : "%%%02X", ssid->bytes[i]);
}

void network_id_format(enum link_type type, const struct ssid *ssid, const struct link_layer_addr *router, char ret[NETWORK_ID_SIZE])
{
    struct strbuf s;

    memset(ret, 0, NETWORK_ID_SIZE);
    if (!network_is_named_by_router(type) || router->n_bytes == 0)
        return;
    strbuf_init(&s, ret, NETWORK_ID_SIZE);
    if (type == LINK_TYPE_WIFI) {
        strbuf_add(&s, "wifi:");
        add_ssid(&s, ssid);
        strbuf_add(&s, ",");
    } else {
        strbuf_add(&s, "wired:");
    }
    for (uint8_t i = 0; i < router->n_bytes && i < LINK_LAYER_MAX_BYTES; i++)
        strbuf_add(&s, "%s%02x", i ? ":" : "", router->bytes[i]);
}
