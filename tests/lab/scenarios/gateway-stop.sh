#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A gateway that is stopped says goodbye; one that falls silent does not. Either way: backoff within its bounds, nothing
# leaks, and the tunnel comes back without help.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# within_backoff STATUS-FILE INITIAL MAX: the planned delay lies in [d/2, d], d = min(MAX, INITIAL * 2^(attempt - 1))
within_backoff() {
    python3 - "$@" <<'END'
import json, sys
status, initial, most = json.load(open(sys.argv[1])), float(sys.argv[2]), float(sys.argv[3])
attempt = status["retry"]["attempt"]
delay = status["since"] + status["retry"]["next_in"]
bound = min(most, initial * 2 ** (attempt - 1))
print(f"attempt {attempt}: delay {delay:.2f} s, to lie in [{bound / 2:g}, {bound:g}]")
sys.exit(not bound / 2 - 0.1 <= delay <= bound + 0.1)
END
}

scenario "a gateway that stops, and comes back"
mvpn_config Reconnect.InitialDelay=1s Reconnect.MaxDelay=6s
connect_up
world_mark

gateway_stop
becomes "the end is noticed" 30 state!=connected internet_blocked=true
becomes "backoff" 60 state=backoff
for attempt in 2 3 4 5; do
    becomes "attempt $attempt is planned" 60 state=backoff "retry.attempt=$attempt"
    cp "$LAB_DIR/run/status.json" "$LAB_DIR/run/backoff.json"
    check "its delay is within the bounds" within_backoff "$LAB_DIR/run/backoff.json" 1 6
    cat "$LAB_DIR/run/check.out" >&2
done
blocked "while waiting"
refute "mvpnctl status says so by its exit status" ctl status
equal "a sentence tells what is the matter" yes "$([ -n "$(status message)" ] && echo yes)"
no_leak "while the gateway is gone"
gateway_start good
becomes "the tunnel comes back by itself" 60 state=connected
carries "after the return"

gateway_silent on
stream_start noise datagrams "$CORP_V4" 2>/dev/null
becomes "the silence is noticed while traffic wants through" 60 state!=connected
becomes "and named" 60 state=backoff reason=gateway-silent
no_leak "while the gateway is silent"
gateway_silent off
becomes "the tunnel comes back by itself" 60 state=connected
check "traffic goes on" stream_progresses noise
stream_stop noise >/dev/null
