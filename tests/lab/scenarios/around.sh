#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The services around mvpnd: what ModemManager and NetworkManager say of a link shows at once, NetworkManager's connectivity check is off while
# the VPN is enabled and on again afterwards, also after a crash, and a sleep waits for the last packet. They die and return.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_LINKS="wlan0 wwan0"
scenario "the services around"

# of LINK MEMBER: from mvpnctl links --json
of() { ctl links --json | python3 -c 'import json, sys
print(next((str(l[sys.argv[2]]).lower() for l in json.load(sys.stdin) if l["interface"] == sys.argv[1]), "none"))' "$1" "$2"; }
link_is() { [ "$(of "$1" "$2")" = "$3" ]; }
comes() { lab_until 20 link_is "$1" "$2" "$3" || fail "$4: $1's $2 is $(of "$1" "$2")"; pass "$4"; }

around_start modem nm logind
connect_up
comes wwan0 type cellular "a modem's interface is cellular, whatever it looks like"
comes wwan0 metered true "and metered where nobody knows"
comes wwan0 roaming false "at home"
around_set registration 5
comes wwan0 roaming true "roaming shows at once"
around_set metered wwan0=2
comes wwan0 metered false "NetworkManager knows better: not metered"
around_set metered wlan0=3
comes wlan0 metered true "a phone's hotspot, as NetworkManager guesses"
becomes "and it is the tunnel's, too" 20 base_link.interface=wlan0 base_link.metered=true

lab_until 20 around_is check no || fail "the connectivity check is on"
pass "the connectivity check is off while enabled"
lab_until 20 around_is unmanaged mvpn0 || fail "NetworkManager does not manage: $(around_get unmanaged)"
pass "the tunnel's interface is not NetworkManager's to manage"

around_is inhibited yes || fail "sleep does not wait for mvpnd"
around_set sleep yes
lab_until 20 around_is inhibited no || fail "mvpnd keeps the device awake"
pass "before a sleep mvpnd has its turn, and lets go"
around_set sleep no
lab_until 20 around_is inhibited yes || fail "the next sleep does not wait"
pass "and holds the next one"
becomes "connected after the sleep" 30 state=connected

around_stop
sleep 1
equal "roaming does not end by a crash of ModemManager" true "$(of wwan0 roaming)"
ctl disable || fail "mvpnctl disable"
around_start modem nm logind
comes wwan0 roaming false "the new ModemManager's word counts"
around_set check no
ctl enable
becomes "connected" 30 state=connected
ctl disable || fail "mvpnctl disable"
equal "a check that somebody else has switched off stays off" no "$(around_get check)"
around_set check yes
rm -f "$HANDSET_STATE/connectivity-check-is-off"

ctl enable
lab_until 20 around_is check no || fail "the connectivity check is on"
mvpnd_kill9
check "mvpnctl disable with mvpnd dead" ctl disable
equal "switches the connectivity check on again" yes "$(around_get check)"
mvpnd_start || fail "mvpnd does not start"
ctl enable
lab_until 20 around_is check no || fail "the connectivity check is on"
ctl disable || fail "mvpnctl disable"
lab_until 20 around_is check yes || fail "the connectivity check stays off"
pass "and it is on when the VPN is off"
