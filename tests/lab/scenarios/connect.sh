#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# 'mvpnctl enable' leads to a tunnel, and so does a cold start with no command at all; it carries everything, of every size.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

volume=$((4000000 / MVPN_LAB_PATIENCE))

# sizes: what fits no single packet arrives as well
carries_sizes() {
    local address
    for address in "$CORP_V4" "$CORP_V6"; do
        check "$1: a 1400-byte ping to $address" hs ping -q -c 3 -i 0.2 -W "$(patience 2)" -s 1400 "$address"
        check "$1: $volume bytes up to $address" traffic upload "$address" $volume
        check "$1: $volume bytes down from $address" traffic download "$address" $volume
    done
}

scenario "a tunnel by command, and by a cold start"
mvpnd_start || fail "mvpnd does not start"
equal "state at the first start" disabled "$(status state)"
online "disabled"

link_down eth0
link_down wwan0
world_mark
check "mvpnctl enable --wait" ctl enable --wait="$(patience 30)s"
becomes "connected over wlan0, behind a NAT" 5 state=connected enabled=true internet_blocked=false \
    base_link.interface=wlan0 nat.detected=true gateway.name=$GW_NAME gateway.address=$GW_V4 gateway.identity=$GW_NAME \
    tunnel.interface=mvpn0 tunnel.data_path=$MVPN_LAB_DATA_PATH reason=established
check "an address of each family was given" test "$(status tunnel.addresses | wc -l)" = 2
check "name servers were given" test "$(status tunnel.dns | wc -l)" -ge 1
check "no key can get into swap: all memory of mvpnd is locked" grep -q '^VmLck:[[:space:]]*[1-9]' "/proc/$(lab_pid mvpnd)/status"
carries "over IPv4 and a NAT"
carries_sizes "over IPv4 and a NAT"
check "the internet is reached through the tunnel" traffic tcp "$WORLD_V4"
check "the IPv6 internet is reached through the tunnel" traffic tcp "$WORLD_V6"
no_leak "with the tunnel in use"

mvpnd_stop
blocked "after mvpnd ended"
no_leak "after mvpnd ended"
link_down wlan0
link_up eth0
mvpnd_start || fail "mvpnd does not start again"
becomes "a cold start connects by itself, over an IPv6-only link" 30 state=connected base_link.interface=eth0 \
    gateway.address=$GW_V6
carries "over IPv6"
carries_sizes "over IPv6"
no_leak "over IPv6"

check "mvpnctl disable" ctl disable
equal "state after disable" disabled "$(status state)"
mvpnd_stop
mvpnd_start || fail "mvpnd does not start a third time"
equal "disabled is remembered" disabled "$(status state)"
