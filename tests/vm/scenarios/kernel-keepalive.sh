#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The kernel sends the keepalives of its own SAs, and mvpnd sleeps: on the wire they come in time while nothing wakes it. Another interval, a
# rekeying and a move make the SA again, and not one datagram is lost by the first two.
# shellcheck source=../../lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

KEEPALIVES_MIN=4 # in the time of the test below

switches() { awk '/^voluntary/ { n += $2 } END { print n }' /proc/"$(lab_pid mvpnd)"/task/*/status; }

# is_quiet: mvpnd has not been awake for two seconds
is_quiet() {
    local before
    before=$(switches)
    sleep 2 # not a limit: the silence itself
    [ "$before" = "$(switches)" ]
}

# kernel_sends SECONDS: after so long a silence, by the journal
kernel_sends() { journal_has "The kernel sends the keepalives from now on, after $1 s of silence"; }

# came N LINK: so many keepalives since the mark
came() { [ "$(outer_count "$2" keepalive)" -ge "$1" ]; }

# interval SECONDS KERNEL-SECONDS: another interval, live
interval() {
    mvpn_config Tunnel.DataPath=kernel Keepalive.Mode=fixed "Keepalive.Interval=${1}s" Keepalive.MinInterval=3s
    check "Keepalive.Interval=${1}s" ctl reload
    check "the kernel has it" lab_until 20 kernel_sends "$2"
}

MVPN_LAB_LINKS="wlan0 wwan0"
scenario "keepalives that the kernel sends" gateway_start quiet gw
nat_lifetime wlan0 60
mvpn_config Tunnel.DataPath=kernel Keepalive.Mode=fixed Keepalive.Interval=8s Keepalive.MinInterval=3s
mvpnd_start || fail "mvpnd does not start"
if ! ctl check 2>/dev/null | grep -q "kernel can send the keepalives"; then
    say "skipped: this kernel does not send keepalives, or not as it should: $(ctl check | grep -i keepalives)"
    exit 77
fi
check "mvpnctl enable --wait" ctl enable --wait="$(patience 30)s"
becomes "by the kernel's data path" 10 state=connected tunnel.data_path=kernel base_link.interface=wlan0
check "the kernel sends the keepalives" lab_until 20 kernel_sends 6
equal "the status says what was configured" 8 "$(status keepalive.interval)"

sent=$(status keepalive.sent)
check "mvpnd comes to rest" lab_until 60 is_quiet
world_mark
awake=$(switches)
check "keepalives come" lab_until 60 came $KEEPALIVES_MIN wlan0
equal "context switches of mvpnd meanwhile" "$awake" "$(switches)"
equal "keepalives of mvpnd's own meanwhile" "$sent" "$(status keepalive.sent)"
no_leak "while it slept"

check "a stream of datagrams" stream_start four datagrams "$CORP_V4"
interval 20 16
interval 12 9
interval 6 4
log_mark
check "a rekeying" gateway_vici gw --rekey --child net
check "the stream goes on" stream_progresses four 40
read -r answered sent verdict <<<"$(stream_stop four)"
equal "datagrams answered of $sent sent, verdict $verdict" "$sent ok" "$answered $verdict"
sent=$(status keepalive.sent)
world_mark
check "keepalives come for the new SA as well" lab_until 60 came 3 wlan0
equal "and are the kernel's: of mvpnd's own" "$sent" "$(status keepalive.sent)"

mark=$(grep -c . "$MVPND_JOURNAL")
link_down wlan0
becomes "the tunnel is on wwan0" 30 state=connected base_link.interface=wwan0
moved_too() { tail -n +$((mark + 1)) "$MVPND_JOURNAL" | jsonl_message | grep -q "The kernel sends the keepalives"; }
check "the kernel sends them there" lab_until 20 moved_too
world_mark
check "keepalives come on wwan0" lab_until 60 came 2 wwan0
carries "after the move"
no_leak "to the end"
check "mvpnctl disable" ctl disable
becomes "the VPN is off" 20 state=disabled
world_mark
probe_round
above "positive control: foreign packets that are seen without it" 0 "$(world_count)"
