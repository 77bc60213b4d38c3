#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Sleep, as logind announces it, with mvpnd frozen meanwhile: one keepalive before; afterwards nothing where the NAT's mapping still lives, a check
# where it does not, so that packets from the corp side arrive again though nothing was sent, and a new tunnel where the gateway forgot us.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

LIFETIME=8

# done_so_far ACTION: how often the core has asked for it
done_so_far() { grep -c "^# .*: .*\b$1\b" "$LAB_DIR/run/record"; }
done_more() { [ "$(done_so_far "$1")" -gt "$2" ]; }

# fall_asleep: logind says so, mvpnd has its turn, and then does nothing any more
fall_asleep() {
    local sent
    sent=$(done_so_far keepalive)
    around_set sleep yes
    lab_until 20 around_is inhibited no || fail "mvpnd keeps the device awake"
    equal "before the sleep one keepalive leaves" $((sent + 1)) "$(done_so_far keepalive)"
    kill -STOP "$(lab_pid mvpnd)"
}

wake_up() {
    kill -CONT "$(lab_pid mvpnd)"
    around_set sleep no
    lab_until 20 done_more sleep-ready "$1" 2>/dev/null
    lab_until 20 around_is inhibited yes || fail "the next sleep would not wait"
}

mappings() { in_ns "${LINK_PEER[wlan0]}" conntrack -L -p udp --dport 4500 2>/dev/null | grep -c .; }
no_mapping() { [ "$(mappings)" = 0 ]; }
arrived() { grep -qx "$1" "$LAB_DIR/run/pushed"; }
push_arrives() {
    in_ns corp "$LAB_SUPPORT/push" send "$address" "$1"
    lab_until 3 arrived "$1"
}

export MVPN_LAB_LINKS=wlan0
scenario "sleep" gateway_start quiet gw
control_open
around_start logind
nat_lifetime wlan0 $LIFETIME
nat_ports wlan0 random
mvpn_config Keepalive.Mode=fixed Keepalive.Interval=6s Keepalive.MinInterval=1s
connect_up "MVPN_RECORD=$LAB_DIR/run/record"
address=$(status tunnel.addresses.0)
: >"$LAB_DIR/run/pushed"
hs_spawn listener "$LAB_SUPPORT/push" listen "$LAB_DIR/run/pushed"
lab_until 20 grep -qs ready "$LAB_DIR/log/listener.log" || fail "nobody listens"
check "control: a packet of the corp side arrives" push_arrives awake

checks=$(done_so_far ike-liveness)
fall_asleep
sleep 2
wake_up 0
check "after a short sleep packets still arrive" push_arrives short
equal "and nothing was asked for it" "$checks" "$(done_so_far ike-liveness)"

fall_asleep
check "a long sleep outlasts the mapping" lab_until $((LIFETIME + 30)) no_mapping
refute "control: a packet of the corp side finds no way" push_arrives asleep
wake_up 1
check "a check is made at once" lab_until 10 done_more ike-liveness "$checks"
check "and packets arrive again, though no program sent any" lab_until 20 push_arrives long
equal "by the same tunnel" 0 "$(grep -c '^# backoff' "$LAB_DIR/run/record")"
becomes "which stands" 10 state=connected

initiates=$(done_so_far ike-initiate)
fall_asleep
gateway_kill9
gateway_start quiet gw
sleep $LIFETIME # longer than the mapping lives
wake_up 2
check "a gateway that forgot us meanwhile is noticed" lab_until 30 done_more ike-initiate "$initiates"
becomes "and asked for a new tunnel" 60 state=connected
carries "after it" "$CORP_V4"
no_leak "all the while"
