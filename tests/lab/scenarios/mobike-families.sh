#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Between address families: from a NATed IPv4 link to an IPv6-only one and back, under an open TCP connection.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_LINKS="wlan0"
scenario "the tunnel moves between IPv4 and IPv6"
connect_up
becomes "on wlan0, over IPv4" 5 base_link.interface=wlan0 gateway.address=$GW_V4
stream_start inner stream "$CORP_V4" || fail "no TCP connection"
world_mark

link_up eth0
link_down wlan0
becomes "from IPv4 to IPv6" 30 state=connected base_link.interface=eth0 gateway.address=$GW_V6
check "the inner connection goes on" stream_progresses inner 40
link_up wlan0
link_down eth0
becomes "from IPv6 to IPv4" 30 state=connected base_link.interface=wlan0 gateway.address=$GW_V4
check "the inner connection goes on" stream_progresses inner 40
equal "the inner connection's verdict" ok "$(stream_stop inner | cut -d' ' -f3-)"
carries "after both"
no_leak "all the while"
