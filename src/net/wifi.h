/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What nl80211 says of a Wi-Fi link, asked when it is needed and at no other time. Never scans, never changes anything.
 */
#include "net/networkid.h"

/* The SSID of the network that the link is on. 0 (n_bytes 0: on none), or negative errno: no nl80211, or not a Wi-Fi link. */
int wifi_get_ssid(int ifindex, struct ssid *ret);
