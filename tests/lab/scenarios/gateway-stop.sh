#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A gateway that is stopped says goodbye; one that falls silent does not. Either way: backoff within its bounds, nothing
# leaks, and the tunnel comes back without help.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# planned: the waits that mvpnd planned since the gateway stopped, "ATTEMPT SECONDS" a line. From its journal, which misses none: who asks for
# the status again and again comes too late for a short one on a slow machine
planned() {
    tail -n +"$((before + 1))" "$MVPND_JOURNAL" | python3 -c 'import json, sys
for line in map(json.loads, sys.stdin):
    if line.get("MVPN_STATE") == "backoff":
        print(line["MVPN_RETRY_ATTEMPT"], line["MVPN_RETRY_SEC"])'
}

planned_enough() { [ "$(planned | wc -l)" -ge 5 ]; }

# within_backoff INITIAL MAX: the waits are those of attempts 1, 2, 3 and so on, each in [d/2, d], d = min(MAX, INITIAL * 2^(attempt - 1)). A
# line is written some time after the decision, by which it shows less
within_backoff() {
    planned | python3 -c 'import sys
initial, most, late = map(float, sys.argv[1:])
for n, line in enumerate(sys.stdin, 1):
    attempt, delay = line.split()
    bound = min(most, initial * 2 ** (n - 1))
    print(f"attempt {attempt}: delay {delay} s, to lie in [{bound / 2:g}, {bound:g}]")
    if int(attempt) != n or not bound / 2 - late <= float(delay) <= bound:
        sys.exit(1)' "$@" "0.$MVPN_LAB_PATIENCE"
}

scenario "a gateway that stops, and comes back"
mvpn_config Reconnect.InitialDelay=1s Reconnect.MaxDelay=6s
connect_up
world_mark

before=$(wc -l <"$MVPND_JOURNAL")
gateway_stop
becomes "the end is noticed" 30 state!=connected internet_blocked=true
becomes "backoff" 60 state=backoff
check "five attempts are planned" lab_until 120 planned_enough
check "their delays are within the bounds" within_backoff 1 6
cat "$LAB_DIR/run/check.out" >&2
blocked "while waiting"
refute "mvpnctl status says so by its exit status" ctl status
equal "a sentence tells what is the matter" yes "$([ -n "$(status message)" ] && echo yes)"
no_leak "while the gateway is gone"
gateway_start good
becomes "the tunnel comes back by itself" 60 state=connected
carries "after the return"

stream_start noise datagrams "$CORP_V4" || fail "no traffic"
gateway_silent on
becomes "the silence is noticed while traffic wants through" 60 state!=connected
becomes "and named" 60 state=backoff reason=gateway-silent
no_leak "while the gateway is silent"
gateway_silent off
becomes "the tunnel comes back by itself" 60 state=connected
check "traffic goes on" stream_progresses noise
stream_stop noise >/dev/null
