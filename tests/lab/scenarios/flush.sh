#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Somebody flushes the firewall again and again: mvpnd puts it back each time, the tunnel stays, the journal names who it was. Until it is
# back, routing and XFRM policies hold: not one packet leaves, also of sockets that are bound to a device, raw, or have headers made by hand.
# The same where somebody flushes the policies, or both at once in turns.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# flush_until_back TIMES COMMAND: run nft COMMAND so often, each time when the table is back from the last
flush_until_back() {
    # shellcheck disable=SC2016
    hs bash -c '
        for i in $(seq "$1"); do
            nft "$2" || exit 1
            until=$((SECONDS + $3))
            until nft list chain inet mvpn output 2>/dev/null | grep -q "policy drop"; do
                [ $SECONDS -lt $until ] || { echo "not back after number $i"; exit 1; }
            done
        done' bash "$@" "$(patience 20)"
}

# storm TIMES: flushes without waiting for anything
# shellcheck disable=SC2016
storm() { hs bash -c 'for i in $(seq "$1"); do echo "flush ruleset"; done | nft -i >/dev/null' bash "$1"; }

restored() { jsonl_message <"$MVPND_JOURNAL" | grep -c 'The program nft (process [0-9]*) changed or removed the firewall of the VPN; it is put back'; }
restored_above() { [ "$(restored)" -gt "$1" ]; }
ruleset() { hs nft -s list table inet mvpn; }
ruleset_is() { [ "$(ruleset 2>/dev/null)" = "$1" ]; }

policies() { hs ip -s xfrm policy | grep -c '^src.*uid 19798'; }

# flush_policies_until_back TIMES HOW-MANY: likewise for the XFRM policies
flush_policies_until_back() {
    # shellcheck disable=SC2016
    hs bash -c '
        for i in $(seq "$1"); do
            ip xfrm policy flush || exit 1
            until=$((SECONDS + $3))
            until [ "$(ip -s xfrm policy | grep -c "^src.*uid 19798")" = "$2" ]; do
                [ $SECONDS -lt $until ] || { echo "not back after number $i"; exit 1; }
            done
        done' bash "$@" "$(patience 20)"
}

# in_turns TIMES: the ruleset, then the policies, and so on
in_turns() {
    for _ in $(seq "$1"); do
        flush_until_back 1 "flush ruleset" && flush_policies_until_back 1 "$blocked" || return 1
    done
}

# often N: so often on a machine that keeps up; a slow one does less in the same time
often() { echo $((($1 + MVPN_LAB_PATIENCE - 1) / MVPN_LAB_PATIENCE)); }

MVPN_LAB_DUAL=wlan0
scenario "the firewall is flushed by others"
handset_forwards on
mvpnd_start || fail "mvpnd does not start"
control
ctl enable || fail "mvpnctl enable"
becomes "connected" 30 state=connected
stream_start stream stream "$CORP_V4" || fail "no stream through the tunnel"
whole=$(ruleset)
blocked=$(policies)
above "XFRM policies" 20 "$blocked"
since=$(status since)
world_mark

probe_flood_start 0.01
check "$(often 300) times 'flush ruleset': back each time" flush_until_back "$(often 300)" "flush ruleset"
check "'delete table inet mvpn': back each time" flush_until_back "$(often 20)" "delete table inet mvpn"
check "'flush chain': back" flush_until_back 1 "flush chain inet mvpn output"
check "what is back is what was there" lab_until 10 ruleset_is "$whole"
above "lines of the journal that name nft" 5 "$(restored)"
storm "$(often 700)" || fail "nft -i"
check "$(often 700) times without a pause: back" lab_until 20 ruleset_is "$whole"
probe_flood_stop
no_leak "flushed $(often 1000) times, with sockets of every kind, bound ones as well, and a hotspot's client"

world_mark
probe_flood_start 0.01
check "$(often 50) times 'ip xfrm policy flush': back each time" flush_policies_until_back "$(often 50)" "$blocked"
check "$(often 20) times in turns with the ruleset: back each time" in_turns "$(often 20)"
check "what is back is what was there" lab_until 10 ruleset_is "$whole"
probe_flood_stop
no_leak "policies flushed"
check "the journal tells of it" eval 'jsonl_message <"$MVPND_JOURNAL" | grep -q "^Another program changed or removed the firewall"'

before=$(restored)
hs nft insert rule inet mvpn output accept || fail "nft"
check "a rule that was put in is gone" lab_until 10 ruleset_is "$whole"
check "and told" lab_until 10 restored_above "$before"
before=$(restored)
hs nft 'add table inet other; add chain inet other c; delete table inet other' || fail "nft"
hs nft delete element inet mvpn local4 "{ 172.16.0.0/12 }" || fail "nft"
check "an element that was removed is back" lab_until 10 ruleset_is "$whole"
check "and told" lab_until 10 restored_above "$before"
equal "another program's own table is not" $((before + 1)) "$(restored)"

becomes "still connected" 5 state=connected
# the policies of the kernel's ESP went with ours: the first packet that is refused has them made again
check "the tunnel is whole, or is soon" lab_until 20 hs ping -q -c 1 -W "$(patience 1)" "$CORP_V4"
carries "after all that"
say "   in this state for $(status since) s, before the flushes $since s"
stream_progresses stream || fail "the stream through the tunnel has stopped"
say "   stream: $(stream_stop stream)"
world_mark
probe_round
no_leak "afterwards"

ctl disable || fail "mvpnctl disable"
refute "disabled: the table is gone" ruleset
equal "and the policies" 0 "$(policies)"
hs nft flush ruleset
online "disabled"
refute "and a flush does not bring it back" ruleset
control
