# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# What leaves the handset, seen from outside: one recorder listens on every access router's port towards the handset and
# at the world. What it takes for permitted, and what for foreign, stands in tests/support/record.

RECORD_SOCKET=$LAB_DIR/run/record.sock

lab_capture_start() {
    setsid "$LAB_SUPPORT/record" serve --socket "$RECORD_SOCKET" --log "$LAB_DIR/log/packets" \
        --gateway "$GW_V4" --gateway "$GW_V6" --gateway "$GW2_V4" --gateway "$GW2_V6" --gateway "$GW_NAT64" \
        --resolver "$DNS_V4" --resolver "$DNS_V6" --name "$GW_NAME" --name "$GW2_NAME" \
        --name crl.example.com --name ocsp.example.com --name ipv4only.arpa --name "$STUN_NAME" \
        --stun "$STUN_V4" --stun "$STUN2_V4" --stun "$STUN_V6" --stun "$STUN2_V6" \
        --link "wlan0=$(ns nata)/lan" --link "wwan0=$(ns natb)/lan" --link "eth0=$(ns plain)/lan" \
        --world "$(ns world)/eth0" >>"$LAB_DIR/log/record.log" 2>&1 </dev/null &
    echo $! >"$LAB_DIR/pid/record"
    disown $!
    lab_until 20 test -S "$RECORD_SOCKET" || die "no recorder: $(cat "$LAB_DIR/log/record.log")"
}

record_ask() { "$LAB_SUPPORT/record" ask --socket "$RECORD_SOCKET" "$@"; }

# world_mark: forget what was counted until now
world_mark() { record_ask mark >/dev/null; }

# world_count: packets since the mark that had no business to leave the handset in the clear
world_count() { record_ask count; }

# world_foreign: those packets, one a line (the first hundred)
world_foreign() { record_ask foreign; }

# world_kinds WHERE: kinds of probes that were seen since the mark, one a line; WHERE is a link, or world
world_kinds() { record_ask kinds "$1"; }

# outer_count LINK [KIND]: IKE and ESP packets to the gateways over a link since the mark (KIND: ike, esp, keepalive; or stun: requests to the
# STUN server)
outer_count() { record_ask outer "$1" ${2:+"$2"}; }

# allow_revocation on|off: are the CRL and OCSP hosts' port 80 permitted just now?
allow_revocation() {
    if [ "$1" = on ]; then record_ask permit "$CRL_V4" "$CRL_V6" "$OCSP_V4" "$OCSP_V6"; else record_ask permit; fi >/dev/null
}
