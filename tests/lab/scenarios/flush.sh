#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Somebody flushes the firewall again and again: mvpnd puts it back each time, the tunnel stays, the journal names who it was. Until it is
# back, routing holds for every socket that is not bound to a device: of those not one packet leaves. How many of the bound ones slip through
# is counted and printed.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

BOUND='udp-dev tcp-dev icmp-dev raw-dev multicast broadcast'    # of tests/support/probe

# flush_until_back TIMES COMMAND: run nft COMMAND so often, each time when the table is back from the last
flush_until_back() {
    # shellcheck disable=SC2016
    hs bash -c '
        for i in $(seq "$1"); do
            nft "$2" || exit 1
            until=$((SECONDS + 20))
            until nft list chain inet mvpn output 2>/dev/null | grep -q "policy drop"; do
                [ $SECONDS -lt $until ] || { echo "not back after number $i"; exit 1; }
            done
        done' bash "$@"
}

# storm TIMES: flushes without waiting for anything
# shellcheck disable=SC2016
storm() { hs bash -c 'for i in $(seq "$1"); do echo "flush ruleset"; done | nft -i >/dev/null' bash "$1"; }

restored() { jsonl_message <"$MVPND_JOURNAL" | grep -c 'The program nft (process [0-9]*) changed or removed the firewall of the VPN; it is put back'; }
restored_above() { [ "$(restored)" -gt "$1" ]; }
ruleset() { hs nft -s list table inet mvpn; }
ruleset_is() { [ "$(ruleset 2>/dev/null)" = "$1" ]; }

# bound_seen: packets since the mark from sockets that were bound to a device, over all links
bound_seen() {
    local link kind n sum=0
    for link in wlan0 wwan0 eth0; do
        while read -r kind n; do
            case " $BOUND " in *" ${kind%[46]} "*) sum=$((sum + n)) ;; esac
        done < <(world_kinds $link)
    done
    echo $sum
}

# unbound_seen: kinds of probes since the mark, with number, that came from any other socket
unbound_seen() {
    local link kind n
    for link in wlan0 wwan0 eth0; do
        while read -r kind n; do
            [ -n "$kind" ] || continue
            case " $BOUND " in *" ${kind%[46]} "*) ;; *) echo "$link $kind $n" ;; esac
        done < <(world_kinds $link)
    done
}

MVPN_LAB_DUAL=wlan0
scenario "the firewall is flushed by others"
handset_forwards on
mvpnd_start || fail "mvpnd does not start"
control
ctl enable || fail "mvpnctl enable"
becomes "connected" 30 state=connected
stream_start stream stream "$CORP_V4" || fail "no stream through the tunnel"
whole=$(ruleset)
since=$(status since)
world_mark

hs_spawn flood "$LAB_SUPPORT/probe" flood --pause 0.01
lab_spawn flood-hotspot hotspot "$LAB_SUPPORT/probe" forward --forever
check "200 times 'flush ruleset': back each time" flush_until_back 200 "flush ruleset"
check "'delete table inet mvpn': back each time" flush_until_back 20 "delete table inet mvpn"
check "'flush chain': back" flush_until_back 1 "flush chain inet mvpn output"
check "what is back is what was there" lab_until 10 ruleset_is "$whole"
above "lines of the journal that name nft" 5 "$(restored)"
probe_flood_stop
no_leak "flushed, with unbound sockets and a hotspot's client"

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

world_mark
hs_spawn flood "$LAB_SUPPORT/probe" flood --pause 0.01 "${PROBE_DEVICES[@]}"
check "100 times with bound sockets as well: back each time" flush_until_back 100 "flush ruleset"
spaced=$(bound_seen)
storm 300 || fail "nft -i"
check "300 times without a pause: back" lab_until 20 ruleset_is "$whole"
probe_flood_stop
say "   packets of sockets bound to a device that left between flush and repair: $spaced in 100, $(($(bound_seen) - spaced)) in 300 without a pause"
equal "packets of unbound sockets" "" "$(unbound_seen)"

becomes "still connected" 5 state=connected
carries "after all that"
say "   in this state for $(status since) s, before the flushes $since s"
stream_progresses stream || fail "the stream through the tunnel has stopped"
say "   stream: $(stream_stop stream)"
world_mark
hs_spawn flood "$LAB_SUPPORT/probe" flood --pause 0.01 "${PROBE_DEVICES[@]}"
probe_round
probe_flood_stop
no_leak "afterwards, bound sockets as well"

ctl disable || fail "mvpnctl disable"
refute "disabled: the table is gone" ruleset
hs nft flush ruleset
online "disabled"
refute "and a flush does not bring it back" ruleset
control
