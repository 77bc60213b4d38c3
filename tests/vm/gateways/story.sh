# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# What every foreign gateway has to do with mvpnd, whoever made it. $CORP_ADDRESSES are those that its tunnel reaches.

# gateway_spis: the SPIs of the gateway's CHILD SAs, as its kernel has them, one a line (0: one that it waits for)
gateway_spis() { ip -n "$(ns gw)" xfrm state list | awk '$1 == "proto" && $4 !~ /^0x00000000/ { print $4 }' | sort; }

# spis_renewed: has the kernel none of the SAs of $before any more, but others?
spis_renewed() {
    local now
    now=$(gateway_spis)
    [ -n "$now" ] && [ -z "$(comm -12 <(echo "$before") <(echo "$now"))" ]
}

no_spis() { [ -z "$(gateway_spis)" ]; }

# both_ways TEXT: either end may begin
both_ways() {
    local address
    carries "$1" "${CORP_ADDRESSES[@]}"
    for address in $(status tunnel.addresses); do
        check "$1: the corp network reaches the handset at $address" in_ns corp ping -q -c 3 -i 0.2 -W "$(patience 2)" "$address"
    done
    for address in "${CORP_ADDRESSES[@]}"; do
        check "$1: a 1300-byte ping to $address" hs ping -q -c 3 -i 0.2 -W "$(patience 2)" -s 1300 "$address"
        check "$1: 500 kB down from $address" traffic download "$address" 500000
    done
}

gateway_said() { grep -q -- "$1" "$(gateway_log)"; }

# rekeys N [PATTERN]: CHILD SAs are renewed N times under traffic, the IKE SA as well if the gateway's log is to say so,
# and nothing stops
rekeys() {
    local before round
    stream_start inner stream "${CORP_ADDRESSES[0]}" || fail "no TCP connection"
    for round in $(seq "$1"); do
        before=$(gateway_spis)
        check "rekey $round: every CHILD SA is another" lab_until 60 spis_renewed
        check "rekey $round: the inner connection goes on" stream_progresses inner 40
    done
    [ -z "${2:-}" ] || check "the IKE SA is renewed as well" lab_until 60 gateway_said "$2"
    equal "the inner connection's verdict" ok "$(stream_stop inner | cut -d' ' -f3-)"
    equal "the state" connected "$(status state)"
}

# n_attempts: how often mvpnd began to connect
n_attempts() { jsonl_message <"$MVPND_JOURNAL" | grep -c '^connecting'; }

# moves: from wlan0 to wwan0 by MOBIKE, under an open TCP connection
moves() {
    local before
    before=$(n_attempts)
    stream_start moved stream "${CORP_ADDRESSES[0]}" || fail "no TCP connection"
    link_up wwan0
    link_down wlan0
    becomes "the tunnel moves" 30 state=connected base_link.interface=wwan0
    check "the inner connection goes on" stream_progresses moved 40
    equal "the inner connection's verdict" ok "$(stream_stop moved | cut -d' ' -f3-)"
    equal "attempts to connect anew" "$before" "$(n_attempts)"
    link_up wlan0
}

# other_data_path: the one that MVPN_LAB_DATA_PATH is not
other_data_path() { if [ "$MVPN_LAB_DATA_PATH" = kernel ]; then echo user; else echo kernel; fi; }

# ends: a disconnect is told to the gateway
ends() {
    check "mvpnctl disconnect" ctl disconnect
    becomes "disconnected" 10 state=offline
    check "the gateway has no SA any more" lab_until 20 no_spis
    blocked "disconnected"
}
