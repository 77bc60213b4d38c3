#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Our ESP in user space and the kernel's as each other's peer, cipher by cipher: what the gateway chooses of our default is AES-GCM with short
# numbers, so the others are asked for here: AES-CBC with HMAC-SHA-2, extended sequence numbers with each kind, ChaCha20-Poly1305. At last the
# kernel's ESP on both ends, moved with the longest keys that there are: a request that is too small for them loses the SA. Either data path says the
# same of itself: one status, but for the data path's name.
# shellcheck source=../../lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

volume=300000

# gateway_has TEXT PATTERN N: do N SAs of the gateway's kernel bear this?
gateway_has() {
    local n
    n=$(ip -n "$(ns gw)" xfrm state list | grep -cE -- "$2")
    equal "$1" "$3" "$n"
}

# peers PROPOSAL ALGORITHM ESN-SAS: connect with this proposal, by our data path; the gateway's kernel must use it
peers() {
    local address
    gateway_load "esp:$1"
    mvpn_config "Tunnel.ESPProposals=$1" Tunnel.DataPath=user
    check "$1: mvpnctl reload" ctl reload
    check "$1: mvpnctl connect" ctl connect --wait="$(patience 30)s"
    becomes "$1: by our data path" 5 state=connected tunnel.data_path=user
    gateway_has "$1: SAs of the gateway's kernel with $2" "$2" 2
    gateway_has "$1: those with extended sequence numbers" 'flag .*\besn\b' "$3"
    carries "$1"
    for address in "$CORP_V4" "$CORP_V6"; do
        check "$1: a 1400-byte ping to $address" hs ping -q -c 3 -i 0.2 -W "$(patience 2)" -s 1400 "$address"
        check "$1: $volume bytes up to $address" traffic upload "$address" $volume
        check "$1: $volume bytes down from $address" traffic download "$address" $volume
    done
    check "$1: mvpnctl disconnect" ctl disconnect
    becomes "$1: disconnected" 10 state=offline
}

# lasting_status: what the status says, a member a line, without what time and traffic change
lasting_status() {
    ctl status --json | python3 -c 'import json, sys
passing = {"since", "expires_in", "next_in", "rx_bytes", "tx_bytes", "sent", "suppressed"}
def leaves(path, value):
    if isinstance(value, dict):
        for name in value: yield from leaves(path + [name], value[name])
    elif path[-1] not in passing: yield ".".join(path) + "=" + json.dumps(value)
print("\n".join(sorted(leaves([], json.load(sys.stdin)))))'
}

gateway_log_established() { grep -c 'IKE_SA handsets\[[0-9]*\] established' "$(gateway_log)"; }

MVPN_LAB_LINKS=wlan0
[ "$MVPN_LAB_GATEWAY_ESP" = kernel ] || { say "skipped: the gateway's ESP is not the kernel's"; exit 77; }
scenario "our ESP and the kernel's"
mvpn_config Tunnel.DataPath=user
mvpnd_start || fail "mvpnd does not start"
check "mvpnctl enable" ctl enable --wait="$(patience 30)s"
check "mvpnctl disconnect" ctl disconnect
becomes "disconnected" 10 state=offline
world_mark
peers aes256-sha256-ecp384 'cbc\(aes\)' 0
peers aes128-sha512-ecp384-esn 'hmac\(sha512\)' 2
peers aes256gcm16-ecp384-esn 'rfc4106\(gcm\(aes\)\)' 2
peers chacha20poly1305-ecp384-esn 'rfc7539esp\(chacha20,poly1305\)' 2

gateway_load esp:aes256-sha512-ecp384
mvpn_config Tunnel.ESPProposals=aes256-sha512-ecp384 Tunnel.DataPath=user
check "mvpnctl reload" ctl reload
check "mvpnctl connect" ctl connect --wait="$(patience 30)s"
becomes "by our data path" 5 state=connected tunnel.data_path=user
ours=$(lasting_status)
check "mvpnctl disconnect" ctl disconnect
becomes "disconnected" 10 state=offline
mvpn_config Tunnel.ESPProposals=aes256-sha512-ecp384 Tunnel.DataPath=kernel
check "mvpnctl reload" ctl reload
check "mvpnctl connect" ctl connect --wait="$(patience 30)s"
becomes "by the kernel's data path" 5 state=connected tunnel.data_path=kernel base_link.interface=wlan0
above "members of the status" 20 "$(wc -l <<<"$ours")"
equal "what differs in the status" '-tunnel.data_path="user" +tunnel.data_path="kernel"' \
    "$(diff -U0 <(echo "$ours") <(lasting_status) | grep -v '^@@\|^---\|^+++' | paste -sd' ')"
before=$(gateway_log_established)
link_up wwan0
link_down wlan0
becomes "moved" 30 state=connected base_link.interface=wwan0
carries "moved"
equal "IKE SAs that the gateway has seen" "$before" "$(gateway_log_established)"
no_leak "all the while"
