#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The base link goes away under an open TCP connection, which goes on over the next best link: MOBIKE, no new IKE SA.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

established() { grep -c 'IKE_SA handsets\[[0-9]*\] established' "$(gateway_log)"; }

# moves LINK TEXT: the tunnel must now be on LINK, the same inner connection alive, by the same IKE SA
moves() {
    becomes "$2: the tunnel is on $1" 30 state=connected "base_link.interface=$1"
    check "$2: the inner connection goes on" stream_progresses inner 40
    equal "$2: IKE SAs that the gateway has seen" "$before" "$(established)"
    equal "$2: the tunnel's addresses" "$addresses" "$(status tunnel.addresses | sort | tr '\n' ' ')"
}

MVPN_LAB_LINKS="wlan0 wwan0"
scenario "the tunnel moves by MOBIKE"
connect_up
becomes "on wlan0" 5 base_link.interface=wlan0
before=$(established)
addresses=$(status tunnel.addresses | sort | tr '\n' ' ')
stream_start inner stream "$CORP_V4" || fail "no TCP connection"
world_mark

link_down wlan0
moves wwan0 "carrier lost"
link_up wlan0
link_lose_addresses wwan0
moves wlan0 "address lost"
link_addresses wwan0
link_dead wlan0 on
moves wwan0 "up but dead"
link_dead wlan0 off
equal "the inner connection's verdict" ok "$(stream_stop inner | cut -d' ' -f3-)"
no_leak "all the while"

gateway_load no-mobike
ctl disconnect
becomes "disconnected" 10 state=offline
ctl connect
becomes "connected to a gateway without MOBIKE" 30 state=connected base_link.interface=wlan0
link_down wlan0
becomes "a new tunnel on the next link" 60 state=connected base_link.interface=wwan0
carries "by a new tunnel"
no_leak "without MOBIKE"
