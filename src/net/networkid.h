/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The name of the network that a link is on, for what is remembered of networks: the router's link-layer address, and for Wi-Fi the SSID before
 * it ("wired:02:00:00:00:00:01", "wifi:Caf%C3%A9,02:00:00:00:00:01"). Cellular networks are named by whoever asks the modem. Pure.
 */
#include "core/link.h"

#define SSID_MAX_BYTES       32
#define LINK_LAYER_MAX_BYTES 20 /* InfiniBand's */

/* Any bytes. */
struct ssid {
    uint8_t n_bytes; /* 0: not known */
    uint8_t bytes[SSID_MAX_BYTES];
};

/* Of a router. */
struct link_layer_addr {
    uint8_t n_bytes; /* 0: not known */
    uint8_t bytes[LINK_LAYER_MAX_BYTES];
};

/* Links of these types have routers with addresses of their own to be told apart by. */
bool network_is_named_by_router(enum link_type type);

/* Empty where that cannot be said; zeroed behind the text. Bytes of the SSID that are not plain in a word are %XX. */
void network_id_format(enum link_type type, const struct ssid *ssid, const struct link_layer_addr *router, char ret[NETWORK_ID_SIZE]);
