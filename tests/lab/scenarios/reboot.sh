#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Power-off and power-on: what was enabled blocks from the first moment, by the early service alone, before mvpnd runs.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

mvpnd_lockdown() {
    hs "$MVPN_BIN/mvpnd" --lockdown --config "$HANDSET_CONF" --state-dir "$HANDSET_STATE" --runtime-dir "$HANDSET_RUN"
}

# what a kernel forgets when it starts anew
power_off() {
    mvpnd_kill9
    hs ip link del mvpn0 2>/dev/null
    hs nft flush ruleset
    hs ip xfrm policy flush
    for family in -4 -6; do
        for priority in $(hs ip $family rule show | sed -n 's/^\(5[0-9]*\):.*/\1/p'); do
            hs ip $family rule del priority "$priority"
        done
        hs ip $family route flush table 19798 2>/dev/null
        hs ip $family route flush table 19799 2>/dev/null
    done
    rm -rf "${HANDSET_RUN:?}"/*
}

scenario "from power-off to power-on"
mvpnd_start || fail "mvpnd does not start"
power_off
check "the early service does nothing while disabled" mvpnd_lockdown
online "after a boot, disabled"
handset_forwards on
control

mvpnd_start || fail "mvpnd does not start"
ctl enable --wait="$(patience 30)s" || fail "no tunnel"
power_off
handset_forwards on
world_mark
probe_round
above "without anything of mvpn the probes do get out" 50 "$(world_count)"
check "the early service" mvpnd_lockdown
world_mark
probe_round
blocked "after the early service"
no_leak "after the early service, before mvpnd"
hs nft flush ruleset
probe_round
no_leak "the ruleset flushed, and nobody there to put it back"
mvpnd_start || fail "mvpnd does not start"
probe_round
becomes "connected at boot without a command" 30 state=connected
probe_round
no_leak "at boot"
