#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# mvpnctl's contract with scripts: exit statuses and JSON.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

exits() {
    local text=$1 expected=$2 found
    shift 2
    "$@" >"$LAB_DIR/run/out" 2>"$LAB_DIR/run/err"
    found=$?
    [ $found = "$expected" ] || { cat "$LAB_DIR/run/out" "$LAB_DIR/run/err" >&2; fail "$text: exit status $found, expected $expected"; }
    pass "$text: exit status $found"
}

json_has() {
    python3 - "$LAB_DIR/run/out" "$@" <<'END'
import json, sys
value = json.load(open(sys.argv[1]))
for item in value if isinstance(value, list) else [value]:
    missing = [key for key in sys.argv[2:] if key not in item]
    if missing:
        sys.exit(f"missing: {missing} in {item}")
END
}

scenario "mvpnctl and scripts"
exits "status without mvpnd" 5 ctl status
exits "enable without mvpnd" 5 ctl enable
exits "no such command" 2 ctl no-such-command
exits "no command" 2 ctl
mvpnd_start || fail "mvpnd does not start"
exits "status while disabled" 0 ctl status
exits "connect while disabled" 1 ctl connect
exits "disconnect while disabled" 1 ctl disconnect
exits "a stranger may read" 0 hs setpriv --reuid=65534 --regid=65534 --clear-groups "$MVPN_BIN/mvpnctl" status
exits "a stranger may not enable" 4 hs setpriv --reuid=65534 --regid=65534 --clear-groups "$MVPN_BIN/mvpnctl" enable
gateway_silent on
exits "enable --wait that does not connect" 3 ctl enable --wait=2s
exits "status while enabled but not connected" 3 ctl status
gateway_silent off
exits "connect --wait" 0 ctl connect --wait="$(patience 30)s"
exits "status while connected" 0 ctl status
exits "status --json" 0 ctl status --json
check "status --json has its members" json_has enabled state reason message since internet_blocked gateway base_link tunnel nat \
    keepalive push_supported on_demand retry certificate
exits "links --json" 0 ctl links --json
check "links --json has its members" json_has interface type metered roaming wake_on_incoming addresses usable score chosen why
ctl check --json >"$LAB_DIR/run/out"
check "check --json has its members" json_has check result detail advice
exits "NO_COLOR and a pipe: no colours" 1 grep -q "$(printf '\033')" <(ctl status)
exits "enable again" 0 ctl enable
exits "disable" 0 ctl disable
exits "disable again" 0 ctl disable
mvpnd_kill9
exits "disable without mvpnd" 0 ctl disable
