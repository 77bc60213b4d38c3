#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A link with both families, of which IPv6 leads nowhere: the tunnel comes up over IPv4 without IPv6's whole time being waited for, and the
# next one knows. Counted in messages, not in seconds: charon sends four before it gives up.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_LINKS=wlan0
MVPN_LAB_DUAL=wlan0
scenario "a silent address family is left"
in_ns nata nft 'add table ip6 hole; add chain ip6 hole f { type filter hook forward priority -300; };
    add rule ip6 hole f udp dport { 500, 4500 } counter drop'
attempts6() { in_ns nata nft list chain ip6 hole f | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

connect_up
becomes "over IPv4" 5 state=connected gateway.address=$GW_V4
n=$(attempts6)
above "messages tried over IPv6" 0 "$n"
[ "$n" -lt 4 ] || fail "$n messages over IPv6: its whole time was waited for"
pass "$n messages over IPv6 and no more"
carries "over the family that answers"

ctl disconnect || fail "mvpnctl disconnect"
becomes "disconnected" 10 state=offline
ctl connect || fail "mvpnctl connect"
becomes "over IPv4 again" 30 state=connected gateway.address=$GW_V4
equal "further messages over IPv6" "$n" "$(attempts6)"

in_ns nata nft delete table ip6 hole
in_ns nata nft 'add table ip hole; add chain ip hole f { type filter hook forward priority -300; };
    add rule ip hole f udp dport { 500, 4500 } counter drop'
ctl disconnect || fail "mvpnctl disconnect"
becomes "disconnected" 10 state=offline
ctl connect || fail "mvpnctl connect"
becomes "now IPv4 is silent, and IPv6 carries" 30 state=connected gateway.address=$GW_V6
carries "over IPv6"
