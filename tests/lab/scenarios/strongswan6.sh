#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A gateway with strongSwan 6, of the next Debian, with that Debian's libraries: connect, traffic, rekeys by either side, a move by MOBIKE,
# and the end, which the gateway is told of.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_STRONGSWAN=${MVPN_CACHE_DIR:-$(dirname "$MVPN_BIN")/cache}/strongswan-next
"$LAB_SUPPORT/newer-strongswan" "$MVPN_LAB_STRONGSWAN" || { say "skipped: no newer strongSwan could be fetched"; exit 77; }

flows_start() {
    stream_start four datagrams "$CORP_V4" || fail "no traffic"
    stream_start six datagrams "$CORP_V6" || fail "no traffic"
}

# flows_stop TEXT: every datagram was answered
flows_stop() {
    local name answered sent verdict
    for name in four six; do
        read -r answered sent verdict <<<"$(stream_stop $name)"
        equal "$1: datagrams answered of $sent sent, verdict $verdict" "$sent ok" "$answered $verdict"
    done
}

logged() { grep -c "$1" "$(gateway_log)"; }
established() { logged 'IKE_SA handsets\[[0-9]*\] established'; }
children() { logged 'inbound CHILD_SA net{[0-9]*} established'; }
ike_rekeys() { logged 'IKE_SA handsets\[[0-9]*\] rekeyed between'; }
renewed() { [ "$(children)" -ge "$1" ] && [ "$(ike_rekeys)" -ge "$2" ]; }
has_no_sa() { [ -z "$(gateway_sas)" ]; }

# ends TEXT: a disconnect reaches the gateway
ends() {
    check "$1: mvpnctl disconnect" ctl disconnect
    becomes "$1: disconnected" 10 state=offline
    check "$1: the gateway has no SA any more" lab_until 20 has_no_sa
}

MVPN_LAB_LINKS="wlan0 wwan0"
scenario "a gateway with strongSwan 6"
control_open
check "it is not the host's: $(gateway_vici gw --version)" grep -q 'strongSwan.* 6\.' <<<"$(gateway_vici gw --version)"
connect_up
becomes "on wlan0" 5 base_link.interface=wlan0 "tunnel.data_path=$MVPN_LAB_DATA_PATH"
world_mark
carries "connected"

flows_start
rekeys_begin
rekey_many 6 3
pass "6 rekeys of the CHILD SA and 2 of the IKE SA, by the gateway"
flows_stop "rekeyed by the gateway"

before=$(established)
stream_start inner stream "$CORP_V4" || fail "no TCP connection"
link_down wlan0
becomes "the tunnel moves" 30 state=connected base_link.interface=wwan0
check "the inner connection goes on" stream_progresses inner 40
equal "the inner connection's verdict" ok "$(stream_stop inner | cut -d' ' -f3-)"
equal "IKE SAs that the gateway has seen" "$before" "$(established)"
carries "moved"
ends "moved"
no_leak "all the while"

mvpnd_stop
mvpnd_start MVPN_TEST_REKEY_SEC=1 || fail "mvpnd does not start"
check "mvpnctl connect" ctl connect
becomes "connected again" 30 state=connected
flows_start
check "CHILD and IKE SAs are renewed by mvpnd" lab_until 60 renewed $(($(children) + 5)) $(($(ike_rekeys) + 2))
flows_stop "rekeyed by mvpnd"
ends "renewed"
no_leak "the second time"
