#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The best link is chosen when the tunnel is built; afterwards only its loss moves the tunnel.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_LINKS=wwan0
scenario "the best link is chosen, and kept"
connect_up
becomes "on the only link there is" 5 base_link.interface=wwan0

link_up wlan0
link_up eth0
stays "two better links appear and nothing moves" 6 base_link.interface!=wwan0
hs ip route replace default via 192.168.1.1 dev wlan0 metric 1
hs ip route replace 203.0.113.0/24 via 192.168.1.1 dev wlan0 metric 1
stays "the main table's default changes and nothing moves" 4 base_link.interface!=wwan0
world_mark
carries "still"
above "outer packets on wwan0" 10 "$(outer_count wwan0)"
equal "outer packets on wlan0" 0 "$(outer_count wlan0)"
equal "outer packets on eth0" 0 "$(outer_count eth0)"
no_leak "with three links"
hs ip route del default via 192.168.1.1 dev wlan0 metric 1
hs ip route del 203.0.113.0/24 via 192.168.1.1 dev wlan0 metric 1

ctl disconnect || fail "mvpnctl disconnect"
becomes "disconnected and blocked" 10 state=offline reason=user-disconnected internet_blocked=true
blocked "after disconnect"
ctl connect || fail "mvpnctl connect"
becomes "built anew, the tunnel takes the best link" 30 state=connected base_link.interface=eth0
equal "mvpnctl links agrees" eth0 "$(ctl links --json | python3 -c '
import json, sys
print(*[link["interface"] for link in json.load(sys.stdin) if link["chosen"]])')"

why() { ctl links --json | python3 -c 'import json, sys; print(*[l["why"] for l in json.load(sys.stdin) if l["interface"] == sys.argv[1]])' "$1"; }
equal "and says why another lost" "usable, but its route's metric 600 is higher than 100 of eth0" "$(why wlan0)"   # all are veths

mvpn_config "BaseLink.Prefer=wlan0 ethernet"
ctl reload || fail "mvpnctl reload"
ctl disconnect
becomes "disconnected" 10 state=offline
ctl connect
becomes "the administrator's preference comes first" 30 state=connected base_link.interface=wlan0
no_leak "all the while"
