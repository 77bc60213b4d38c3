#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# An IPv6 network has no NAT, but a stateful firewall that forgets a flow as a NAT forgets a mapping. It is measured with a real STUN server
# (coturn over IPv6), keepalives are sent for it, and what the corp side sends first arrives after more than a lifetime of silence; without them it
# does not (the control). Where the firewall lets everything in, nothing is sent.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
LIFETIME=13

forgets() { [ "$(in_ns plain conntrack -L -f ipv6 -p udp --dst "$GW_V6" 2>/dev/null | wc -l)" = 0 ]; }

export MVPN_LAB_LINKS=eth0
scenario "the stateful firewall of an IPv6 network" gateway_start quiet gw
stun_start
firewall_start eth0
nat_lifetime eth0 $((LIFETIME / 2)) $LIFETIME
mvpn_config Keepalive.Mode=fixed Keepalive.Interval=5s
connect_up
push_listen
becomes "over IPv6, without a NAT" 10 state=connected "gateway.address=$GW_V6" nat.detected=false keepalive.interval=
push at-once 6
check "control: at once a packet arrives" lab_until 10 push_arrived at-once
check "control: the firewall forgets the tunnel" lab_until $((3 * LIFETIME)) forgets
push too-late 6
refute "control: nobody keeps it open, and a packet does not arrive" lab_until 3 push_arrived too-late

mvpn_config Keepalive.Mode=detect Keepalive.MinInterval=3s Keepalive.Interval=5s "Keepalive.ProbeServer=$STUN_NAME"
ctl reload || fail "mvpnctl reload"
ctl disconnect || fail "mvpnctl disconnect"
ctl connect || fail "mvpnctl connect"
becomes "measured" 120 state=connected nat.detected=false nat.method=stun "nat.lifetime>$((LIFETIME - 3))" nat.detecting=false
found=$(status nat.lifetime)
awk "BEGIN { exit !($found <= $LIFETIME) }" || fail "$found s is longer than the truth"
pass "found $found s of $LIFETIME s, $(outer_count eth0 stun) requests, keepalives every $(status keepalive.interval) s"
above "measured over IPv6: requests to the STUN server" 0 "$(outer_count eth0 stun)"
check "mvpnctl status says it in words" grep -q 'none, but a firewall on the way, forgets after' <(ctl status)
world_mark
lost=
for n in 1 2 3; do
    sleep $((LIFETIME * 3 / 2)) # not a limit: the silence itself
    push "n$n" 6
    lab_until 5 push_arrived "n$n" || lost="$lost n$n"
done
equal "packets that did not arrive after more than a lifetime" "" "${lost# }"
above "keepalives meanwhile" 2 "$(outer_count eth0 keepalive)"
no_leak "meanwhile"
