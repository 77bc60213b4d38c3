#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The lab itself: Debian's own charon as client gets a tunnel through the NAT, and the recorder sees every kind of probe.
# When this fails, look at the lab before looking at mvpn.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_DUAL=wlan0
lab_need_root
trap scenario_end EXIT
trap 'exit 130' INT TERM
lab_up
gateway_start good

handset_forwards on
online "before any VPN"
control
handset_forwards off

world_mark
client_start
check "charon connects through the NAT" client_up
above "IKE packets on wlan0" 1 "$(outer_count wlan0 ike)"
carries "charon's tunnel"
above "ESP packets on wlan0" 2 "$(outer_count wlan0 esp)"
equal "foreign packets while only the tunnel was used" 0 "$(world_count)"
check "a 1400-byte ping" hs ping -q -c 1 -W "$(patience 2)" -s 1400 "$CORP_V4"
check "a large TCP transfer up" traffic upload "$CORP_V4" 4000000
check "a large TCP transfer down" traffic download "$CORP_V6" 4000000
client_stop
