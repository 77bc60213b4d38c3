#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The base link's router disappears under a tunnel, the carrier stays: found also while nothing but keepalives is sent, and survived with
# another link and without. Neighbours that come and go do not wake mvpnd; a router that was forgotten and answers again moves nothing.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

switches() { awk '/^voluntary/ { n += $2 } END { print n }' /proc/"$(lab_pid mvpnd)"/task/*/status; }
seen() { grep -c "^@[0-9.]* $1" "$record"; }
seen_above() { [ "$(seen "$1")" -gt "$2" ]; }
established() { grep -c 'IKE_SA handsets\[[0-9]*\] established' "$(gateway_log)"; }

# quiet: wait until mvpnd has not been awake for two seconds
quiet() {
    local last=-1 now n
    for n in $(seq 30); do
        now=$(switches)
        [ "$now" = "$last" ] && return
        last=$now
        sleep 2
    done
    fail "mvpnd does not come to rest ($n rounds)"
}

# churn: eight hundred neighbours on both links are found, age, do not answer any more and go
churn() {
    local i link net
    for i in $(seq 400); do
        for link in wlan0 wwan0; do
            net=${LINK_V4[$link]%.*.*}
            echo "neigh replace $net.77.$((i % 250 + 1)) dev $link lladdr 02:00:00:00:02:0$((i % 10)) nud reachable"
            echo "neigh change $net.77.$((i % 250 + 1)) dev $link nud failed"
            echo "neigh del $net.77.$((i % 250 + 1)) dev $link"
        done
    done | hs ip -batch - || fail "cannot change the neighbour table"
}

MVPN_LAB_LINKS="wlan0 wwan0"
scenario "a router that is not there any more"
record=$LAB_DIR/record
mvpn_config Keepalive.Mode=off
connect_up MVPN_RECORD="$record"
becomes "on wlan0" 5 base_link.interface=wlan0
link_hasty_neighbours wlan0
carries "before"
before=$(established)
world_mark

quiet
awake=$(switches)
churn
equal "context switches of mvpnd while 800 neighbours come and go" "$awake" "$(switches)"
equal "events of it" 0 "$(seen neighbour-lost)"

hs ip neigh del "${LINK_ROUTER[wlan0]}" dev wlan0 # the kernel says: failed; the next packet finds it again
check "a forgotten router is checked" lab_until 10 seen_above neighbour-lost 0
stays "and nothing moves" 5 state!=connected
equal "still on the link" wlan0 "$(status base_link.interface)"

mvpn_config Keepalive.Mode=fixed Keepalive.Interval=5s Keepalive.MinInterval=5s
ctl reload || fail "mvpnctl reload"
becomes "with keepalives" 10 state=connected keepalive.interval=5
lost=$(seen neighbour-lost)
unanswered=$(seen traffic)
link_router wlan0 gone
becomes "idle: the tunnel is on the other link" 60 state=connected base_link.interface=wwan0
above "lost routers that mvpnd heard of" "$lost" "$(seen neighbour-lost)"
equal "without a packet of an application" "$unanswered" "$(seen traffic)"
carries "over the other link"
link_router wlan0 back

link_down wwan0
becomes "back on wlan0" 30 state=connected base_link.interface=wlan0
link_up wwan0
stream_start inner stream "$CORP_V4" || fail "no TCP connection"
link_router wlan0 gone
becomes "with traffic: the tunnel is on the other link" 30 state=connected base_link.interface=wwan0
check "the inner connection goes on" stream_progresses inner 40
equal "the inner connection's verdict" ok "$(stream_stop inner | cut -d' ' -f3-)"
equal "IKE SAs that the gateway has seen" "$before" "$(established)"
link_router wlan0 back
no_leak "with two links"

link_down wwan0
becomes "wlan0 is the only link" 30 state=connected base_link.interface=wlan0
link_router wlan0 gone
becomes "idle: the only link's router is missed" 60 state!=connected
blocked "without a router"
link_router wlan0 back
becomes "it comes back by itself" 90 state=connected base_link.interface=wlan0
carries "over the router that is back"
no_leak "with one link"
