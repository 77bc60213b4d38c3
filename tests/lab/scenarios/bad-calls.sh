#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# D-Bus calls with wrong types, unknown methods and absurd sizes: refused, and mvpnd goes on as if nothing had been.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

call() { hs busctl --address="$HANDSET_BUS" --timeout=5 call org.mvpn1 /org/mvpn1 org.mvpn1.Manager "$@"; }

MVPN_LAB_LINKS=wlan0
scenario "bad calls on the bus"
connect_up
pid=$(lab_pid mvpnd)
refute "Enable with an argument" call Enable s yes
refute "GetStatus with an argument" call GetStatus u 7
refute "a method that does not exist" call Explode
refute "another interface" hs busctl --address="$HANDSET_BUS" call org.mvpn1 /org/mvpn1 org.example.None Enable
refute "another object" hs busctl --address="$HANDSET_BUS" call org.mvpn1 /org/mvpn1/none org.mvpn1.Manager Enable
refute "a property that does not exist" hs busctl --address="$HANDSET_BUS" get-property org.mvpn1 /org/mvpn1 org.mvpn1.Manager Nothing
refute "a property that cannot be set" hs busctl --address="$HANDSET_BUS" set-property org.mvpn1 /org/mvpn1 org.mvpn1.Manager State s disabled
refute "a policy that is none" call ApplyPolicy s "$(head -c 100000 /dev/urandom | base64 -w0)"
for _ in $(seq 50); do call GetStatus >/dev/null || fail "GetStatus"; done
equal "the same mvpnd" "$pid" "$(lab_pid mvpnd)"
equal "the state" connected "$(status state)"
check "the JSON is the same by both ways" test "$(call GetStatus | grep -c '\\"state\\": *\\"connected\\"')" = 1
carries "afterwards"
