#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A STUN server that lies, in every way that tests/support/stun-liar knows: mvpnd stays connected, believes no lifetime longer than the true one,
# lets nothing out that it should not, and is not kept busy. What a socket alone makes of each lie is adapter/prober's subject.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
: "${MVPN_LAB_MOODS:=transaction port family error huge repeated truncated noise twice silent flood}"
LIFETIME=10
SECONDS_EACH=12                                 # longer than the mapping lives

# processor: hundredths of a second that mvpnd has used so far, all threads
processor() { awk '{ print $14 + $15 }' /proc/"$(lab_pid mvpnd)"/stat; }

# lie MOOD: a fresh visit to a network whose STUN server is like that
lie() {
    local mood=$1 pid before used found
    stun_lie "$mood"
    rm -f "$HANDSET_STATE/nat-cache"
    world_mark
    mvpnd_start || fail "mvpnd does not start"
    pid=$(lab_pid mvpnd)
    becomes "$mood: connected" 30 state=connected
    check "$mood: the server was asked" lab_until 60 asked "$mood"
    before=$(processor)
    sleep "$SECONDS_EACH" # not a limit: what a liar can do to us takes its time
    used=$(($(processor) - before))
    equal "$mood: still the same process" "$pid" "$(lab_pid mvpnd)"
    equal "$mood: still connected" connected "$(status state)"
    found=$(status nat.lifetime)
    awk "BEGIN { exit !(\"$found\" == \"\" || $found + 0 <= $LIFETIME) }" || fail "$mood: a lifetime of $found s is believed; it is $LIFETIME s"
    [ "$used" -le $((SECONDS_EACH * 5)) ] || fail "$mood: $used ticks of the processor in $SECONDS_EACH s"
    pass "$mood: $used ticks of the processor in $SECONDS_EACH s, $(outer_count wlan0 stun) requests, lifetime found: ${found:-none}"
    no_leak "$mood"
    mvpnd_stop
}

asked() { grep -qsx "$1" "$LAB_DIR/log/stun.log"; }

export MVPN_LAB_LINKS=wlan0
scenario "STUN servers that lie" gateway_start quiet gw
nat_lifetime wlan0 $LIFETIME
nat_ports wlan0 random
mvpn_config Keepalive.Mode=detect Keepalive.MinInterval=3s Keepalive.Interval=5s "Keepalive.ProbeServer=$STUN_NAME"
mvpnd_start || fail "mvpnd does not start"
ctl enable || fail "mvpnctl enable"
mvpnd_stop
for mood in $MVPN_LAB_MOODS; do
    lie "$mood"
done
