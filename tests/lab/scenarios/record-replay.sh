#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# MVPN_RECORD=file: what a running mvpnd saw is a scenario that the simulator replays, and its core decides the same again, event by event.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

sim=$MVPN_BIN/../tests/mvpn-sim
[ -x "$sim" ] || { say "skipped: no mvpn-sim beside $MVPN_BIN"; exit 77; }

scenario "a record of mvpnd, replayed"
record=$LAB_DIR/record
mvpnd_start MVPN_RECORD="$record" || fail "mvpnd does not start"
check "mvpnctl enable --wait" ctl enable --wait="$(patience 30)s"
carries "recorded"
link_down eth0
becomes "moved" 15 state=connected reason=established base_link.interface!=eth0
link_down wlan0
link_down wwan0
becomes "no link" 15 state=offline reason=no-link
link_up wlan0
becomes "connected again" 30 state=connected
ctl disconnect || fail "mvpnctl disconnect"
becomes "disconnected" 10 state=offline reason=user-disconnected
check "mvpnctl disable" ctl disable
mvpnd_stop

{ head -n 1 "$record"; echo "verify outcomes"; tail -n +2 "$record"; } >"$record.scn"
above "recorded events" 20 "$(grep -c '^@' "$record")"
check "the replay decides the same" "$sim" run "$record.scn"
