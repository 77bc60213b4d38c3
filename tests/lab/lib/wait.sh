# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Waiting for what mvpnd says of itself, woken by its signals on the bus; no test sleeps instead. The limits are generous
# because the machines are shared and noisy: a limit is the point of giving up, never a measurement.

# wait_status SECONDS CONDITION…: wait, with patience, until the status meets all conditions, such as state=connected
# retry.attempt>1; prints the status that did
wait_status() {
    local seconds=$1
    shift
    status_within "$(patience "$seconds")" "$@"
}

# status_within SECONDS CONDITION…: the same, with these seconds and no more
status_within() {
    local seconds=$1
    shift
    hs "$LAB_SUPPORT/wait-status" --bus "$HANDSET_BUS" --timeout "$seconds" "$@" -- "$MVPN_BIN/mvpnctl" \
        --config "$HANDSET_CONF" --state-dir "$HANDSET_STATE" --runtime-dir "$HANDSET_RUN" status --json
}

# wait_state STATE[|STATE] [SECONDS]
wait_state() { wait_status "${2:-30}" "state=$1" >/dev/null; }

# journal_has PATTERN: did mvpnd write a journal line whose message matches?
journal_has() { jsonl_message <"$MVPND_JOURNAL" | grep -qE -- "$1"; }

jsonl_message() { python3 -c 'import json, sys
for line in sys.stdin: print(json.loads(line).get("MESSAGE", ""))'; }

# log_mark, log_since_mark: what a gateway has logged since
log_mark() { LAB_LOG_LINES=$(wc -l <"$(gateway_log "${1:-gw}")"); }
log_since_mark() { tail -n +$((LAB_LOG_LINES + 1)) "$(gateway_log "${1:-gw}")"; }
