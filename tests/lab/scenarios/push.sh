#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Packets that the corp side sends first, after silences that outlast the NAT's mapping: every one arrives, because the keepalives are as frequent
# as the measured lifetime demands. Without keepalives they do not (the control). The gateway never speaks by itself.
# MVPN_LAB_PUSH_SILENCE=10 makes the silences up to ten lifetimes long (20 minutes); by default they are just above one.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
: "${MVPN_LAB_PUSH_SILENCE:=1.5}"
: "${MVPN_LAB_PUSHES:=10}" # 30 by hand: each waits for longer than a lifetime
LIFETIME=8

# silence: seconds, of more than one lifetime
silence() { awk "BEGIN { srand($RANDOM); print $LIFETIME * (1.1 + rand() * ($MVPN_LAB_PUSH_SILENCE - 1.1)) }"; }

export MVPN_LAB_LINKS=wlan0
scenario "packets that the other side sends first" gateway_start quiet gw
stun_start
nat_lifetime wlan0 $LIFETIME
nat_ports wlan0 random
mvpn_config Keepalive.Mode=off
connect_up
push_listen

push at-once 4
check "control: at once a packet arrives" lab_until 10 push_arrived at-once
sleep $((LIFETIME + 2)) # not a limit: the silence itself
push too-late 4
sleep 2
refute "control: without keepalives it does not, after a lifetime of silence" push_arrived too-late

mvpn_config Keepalive.Mode=detect Keepalive.MinInterval=3s Keepalive.Interval=3s "Keepalive.ProbeServer=$STUN_NAME"
ctl reload || fail "mvpnctl reload"
ctl disconnect || fail "mvpnctl disconnect"
ctl connect || fail "mvpnctl connect"
becomes "with keepalives, and measured" 120 state=connected nat.method=stun
becomes "from here on nothing is probed" 120 nat.detecting=false
world_mark
lost=
for n in $(seq "$MVPN_LAB_PUSHES"); do
    sleep "$(silence)"
    push "n$n" $((n % 2 ? 4 : 6))
    lab_until 5 push_arrived "n$n" || lost="$lost n$n"
done
equal "packets of $MVPN_LAB_PUSHES that did not arrive" "" "${lost# }"
pass "keepalives meanwhile: $(outer_count wlan0 keepalive), every $(status keepalive.interval) s; the NAT forgets after $LIFETIME s"
no_leak "meanwhile"
