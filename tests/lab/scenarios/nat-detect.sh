#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# How long the NAT keeps a mapping is measured with a real STUN server (coturn) through real NATs, is never overestimated, and is known at once on
# the next visit. Lifetimes are short so that this is, too: MVPN_LAB_LIFETIMES="13 21 30 45 60 95" MVPN_LAB_NAT_RUNS=2 takes them all, twice, with
# NATs that keep ports and NATs that do not; a lifetime is the one of mappings with traffic both ways, of young ones it is another.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
: "${MVPN_LAB_LIFETIMES:=13 21 30}"
: "${MVPN_LAB_NAT_RUNS:=}"                      # unset: each lifetime once, kinds of NAT in turn

seconds_now() { date +%s; }

# measure LIFETIME YOUNG PORTS: a network that is visited for the first time
measure() {
    local lifetime=$1 young=$2 ports=$3 what found started took floor
    what="lifetime $lifetime s (young $young s), ports: $ports"
    nat_lifetime wlan0 "$young" "$lifetime"
    nat_ports wlan0 "$ports"
    nat_forget wlan0
    rm -f "$HANDSET_STATE/nat-cache"
    world_mark
    mvpnd_start || fail "mvpnd does not start"
    ctl enable || fail "mvpnctl enable"
    becomes "$what: connected" 30 state=connected
    started=$(seconds_now)
    check "$what: measured and on disk" lab_until $((4 * lifetime + 30)) grep -qs "method=stun" "$HANDSET_STATE/nat-cache"
    took=$(($(seconds_now) - started))
    found=$(status nat.lifetime)
    floor=$(awk "BEGIN { t = $lifetime; e = t * 0.05 > 2 ? t * 0.05 : 2; print t - e }")
    equal "$what: by" stun "$(status nat.method)"
    awk "BEGIN { exit !($found <= $lifetime) }" || fail "$what: $found s is longer than the truth"
    awk "BEGIN { exit !($found >= $floor) }" || fail "$what: $found s is less than $floor s"
    pass "$what: found $found s, after $took s ($(awk "BEGIN { printf \"%.1f\", $took / $lifetime }") lifetimes, connecting included)," \
        "$(outer_count wlan0 stun) requests, keepalives every $(status keepalive.interval) s"
    no_leak "$what"
    mvpnd_stop
}

# revisit LIFETIME: the network of the last measure, after a restart and after a disconnect
revisit() {
    local before again
    before=$(cat "$HANDSET_STATE/nat-cache")
    world_mark
    mvpnd_start || fail "mvpnd does not start"
    becomes "second visit: connected, and the lifetime is known" 30 state=connected nat.method=stun "keepalive.interval<$1"
    again=$(status keepalive.sent)
    check "second visit: keepalives go on" keepalive_above "$((again + 1))"
    equal "second visit: requests to the STUN server" 0 "$(outer_count wlan0 stun)"
    [ "$before" = "$(cat "$HANDSET_STATE/nat-cache")" ] || fail "second visit: what is on disk has changed"
    no_leak "second visit"
    mvpnd_stop
}

# rotten: what rots on disk costs its line, is told, and nothing else
rotten() {
    printf 'wired:02:00:00:00:00:99 family=4 method=stun lifetime-usec=9\n\377\376\001' >>"$HANDSET_STATE/nat-cache"
    mvpnd_start || fail "mvpnd does not start"
    becomes "damaged lines on disk: the others count" 30 state=connected nat.method=stun
    check "damaged lines on disk: the journal says so" lab_until 10 journal_has '2 damaged or incredible lines of .*/nat-cache'
    mvpnd_stop
}

keepalive_above() { lab_until 120 sent_above "$1"; }
sent_above() { [ "$(outer_count wlan0 keepalive)" -ge "$1" ]; }

export MVPN_LAB_LINKS=wlan0
scenario "the lifetime of NAT mappings is measured" gateway_start quiet gw
stun_start
mvpn_config Keepalive.Mode=detect Keepalive.MinInterval=3s Keepalive.Interval=5s "Keepalive.ProbeServer=$STUN_NAME"
ports=keep
for lifetime in $MVPN_LAB_LIFETIMES; do
    if [ -n "$MVPN_LAB_NAT_RUNS" ]; then
        for _ in $(seq "$MVPN_LAB_NAT_RUNS"); do
            measure "$lifetime" $((lifetime / 2)) keep
            measure "$lifetime" $((lifetime + 10)) random
        done
    elif [ $ports = keep ]; then
        measure "$lifetime" $((lifetime / 2)) keep
        ports=random
    else
        measure "$lifetime" $((lifetime + 10)) random
        ports=keep
    fi
done
revisit "$lifetime"
rotten
