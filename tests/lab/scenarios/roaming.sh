#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The roaming matrix on the wire: home or abroad, keepalives abroad or not, traffic or none; what state follows, whether keepalives leave, what
# is said of push, and that all of it is as before when the modem is home again. The modem's word alone changes, no link does.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

IDLE=6
INTERVAL=2

# keepalives_meanwhile SECONDS: how many mvpnd sent in that time
keepalives_meanwhile() {
    local before
    before=$(status keepalive.sent)
    sleep "$1"
    echo $(($(status keepalive.sent) - before))
}

# cell WHERE KEEPALIVE USE: one cell of the matrix
cell() {
    local where=$1 keepalive=$2 use=$3 text="$1, keepalive $2, $3" sent
    mvpn_config "Roaming.Keepalive=$keepalive" "Roaming.IdleTimeout=${IDLE}s" Keepalive.Mode=fixed "Keepalive.Interval=${INTERVAL}s" Keepalive.MinInterval=1s
    check "$text" ctl reload
    [ "$where" = home ] && around_set registration 1 || around_set registration 5
    ctl connect --wait=60 || fail "$text: no tunnel"
    becomes "the modem's word arrived" 20 "base_link.roaming=$([ "$where" = roaming ] && echo true || echo false)"
    equal "push" "$([ "$where" = home ] || [ "$keepalive" = yes ] && echo true || echo false)" "$(status push_supported)"
    if [ "$use" = traffic ]; then
        stream_start used datagrams "$CORP_V4" || fail "$text: no traffic"
        sent=$(keepalives_meanwhile $((IDLE + INTERVAL + 1)))
        equal "traffic keeps it up" connected "$(status state)"
        equal "and does the keepalives' work" 0 "$sent"
        stream_stop used >/dev/null
    elif [ "$where" = home ]; then
        above "keepalives leave" 0 "$(keepalives_meanwhile $((3 * INTERVAL)))"
        stays "idle does not matter at home" $IDLE state!=connected
    else
        sent=$(keepalives_meanwhile $((2 * INTERVAL)))
        [ "$keepalive" = yes ] && above "keepalives leave" 0 "$sent" || equal "no keepalive leaves" 0 "$sent"
        becomes "idle" 60 state=armed reason=idle push_supported=false
    fi
    around_set registration 1
    becomes "home again: always on" 60 state=connected on_demand=false
    becomes "with push" 20 push_supported=true
}

MVPN_LAB_LINKS=wwan0
scenario "the roaming matrix"
control_open
around_start modem
wakes wwan0
connect_up
for where in home roaming; do
    for keepalive in yes no; do
        for use in traffic idle; do
            cell $where $keepalive $use
        done
    done
done
no_leak "all the while"
