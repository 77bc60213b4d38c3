#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A carrier with IPv6 alone and a real NAT64, a gateway with IPv4 alone, and a resolver that synthesises nothing but ipv4only.arpa.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_LINKS="eth0"
command -v tayga >/dev/null || { say "skipped: no tayga"; exit 77; }
scenario "a gateway of IPv4 through a link of IPv6"
dns_set "$GW_NAME" "$GW_V4"
world_mark

mvpnd_start || die "mvpnd does not start"
ctl enable || fail "mvpnctl enable"
becomes "without a translator it is out of reach" 30 state=backoff reason=gateway-unreachable internet_blocked=true
dns_set ipv4only.arpa !silence
ctl connect || fail "mvpnctl connect"
becomes "nor with a resolver that is silent about it" 60 state=backoff reason=gateway-unreachable

nat64_start
ctl connect || fail "mvpnctl connect"
becomes "through the NAT64" 30 state=connected base_link.interface=eth0 gateway.address=$GW_NAT64 nat.detected=true
carries "through the NAT64"
no_leak "with a NAT64"
stream_start inner stream "$CORP_V4" || fail "no TCP connection"

link_up wlan0
link_down eth0
becomes "home to IPv4, at the gateway's own address" 30 state=connected base_link.interface=wlan0 gateway.address=$GW_V4
check "the inner connection goes on" stream_progresses inner 40
link_up eth0
link_down wlan0
becomes "and out again: the translator is asked for anew" 60 state=connected base_link.interface=eth0 gateway.address=$GW_NAT64
check "the inner connection goes on" stream_progresses inner 40
equal "the inner connection's verdict" ok "$(stream_stop inner | cut -d' ' -f3-)"

mvpn_config "Tunnel.Gateway=$GW_V4"
ctl reload || fail "mvpnctl reload"
becomes "a gateway that is configured by its IPv4 address" 60 state=connected gateway.address=$GW_NAT64
carries "to the address"
no_leak "all the while"
