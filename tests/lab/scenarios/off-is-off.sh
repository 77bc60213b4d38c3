#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Disabled, nothing of mvpn is left: firewall, XFRM policies, rules, routes, addresses, interface and settings are what they were, also
# when mvpnd is dead and when it had crashed before.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

unchanged() {
    net_snapshot >"$LAB_DIR/run/after"
    if ! diff "$LAB_DIR/run/before" "$LAB_DIR/run/after" >&2; then
        fail "$1: this is left over (see the difference above)"
    fi
    pass "$1: nothing is left over"
    equal "$1: XFRM policies, but for another program's" 1 "$(hs ip xfrm policy | grep -c '^src')"
    online "$1"
}

changed() {
    net_snapshot >"$LAB_DIR/run/after"
    above "enabled, XFRM policies of ours" 20 "$(hs ip -s xfrm policy | grep -c '^src.*uid 19798')"
    refute "enabled, there is something to see" diff -q "$LAB_DIR/run/before" "$LAB_DIR/run/after"
}

MVPN_LAB_RP_FILTER=2
scenario "off is off"
# of another IPsec program's
hs ip xfrm policy add src 192.0.2.0/24 dst 198.51.100.0/24 dir out priority 5 action allow || fail "ip xfrm"
net_snapshot >"$LAB_DIR/run/before"
mvpnd_start || fail "mvpnd does not start"
unchanged "started, never enabled"

ctl enable || fail "mvpnctl enable"
becomes "connected" 30 state=connected
changed
carries "enabled"
ctl disable || fail "mvpnctl disable"
unchanged "disabled while connected"

gateway_silent on
ctl enable || fail "mvpnctl enable"
becomes "connecting" 30 state=connecting
ctl disable || fail "mvpnctl disable while connecting"
unchanged "disabled while connecting"
gateway_silent off

ctl enable
becomes "connected" 30 state=connected
mvpnd_kill9
blocked "mvpnd dead"
check "mvpnctl disable works with mvpnd dead" ctl disable
unchanged "disabled with mvpnd dead"
mvpnd_start || fail "mvpnd does not start"
equal "and that is remembered" disabled "$(status state)"
unchanged "started after that"

ctl enable
becomes "connected" 30 state=connected
mvpnd_kill9
mvpnd_start || fail "mvpnd does not start after a crash"
becomes "connected after a crash" 30 state=connected
ctl disable || fail "mvpnctl disable after a crash"
unchanged "disabled after a crash"

ctl enable
becomes "connected" 30 state=connected
mvpnd_stop
blocked "mvpnd stopped"
check "mvpnctl disable works with mvpnd stopped" ctl disable
unchanged "disabled with mvpnd stopped"
