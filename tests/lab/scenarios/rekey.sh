#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# IKE and CHILD SAs are renewed under traffic, by either side, and not one datagram is lost.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

child_rekeys() { grep -c 'CHILD_SA net{[0-9]*} established' "$(gateway_log)"; }
ike_rekeys() { grep -c 'IKE_SA handsets\[[0-9]*\] rekeyed between' "$(gateway_log)"; }
rekeyed_enough() { [ "$(child_rekeys)" -ge 7 ] && [ "$(ike_rekeys)" -ge 3 ]; }

MVPN_LAB_LINKS=wlan0
scenario "rekeying under traffic"
gateway_load short-rekey
connect_up
stream_start four datagrams "$CORP_V4" || fail "no traffic"
stream_start six datagrams "$CORP_V6" || fail "no traffic"
world_mark
lab_until 120 rekeyed_enough || fail "only $(child_rekeys) CHILD SAs and $(ike_rekeys) IKE rekeys in 120 s"
pass "$(child_rekeys) CHILD SAs, $(ike_rekeys) IKE SAs renewed"
for name in four six; do
    read -r answered sent verdict <<<"$(stream_stop $name)"
    equal "datagrams answered of $sent sent, verdict $verdict" "$sent ok" "$answered $verdict"
done
equal "the state" connected "$(status state)"
no_leak "while rekeying"
