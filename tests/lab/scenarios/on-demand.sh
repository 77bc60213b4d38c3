#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Abroad: the tunnel is built by the first packet, which is delivered, and goes when nobody uses it; waiting costs nothing and opens nothing.
# What was sent meanwhile arrives to the last datagram, and a connection goes on from one tunnel to the next.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

switches() { awk '/^voluntary/ { n += $2 } END { print n }' /proc/"$(lab_pid mvpnd)"/task/*/status; }

# says WORD: over the connection that is open; waits for the answer
said=0
says() {
    echo "$1" >"$LAB_DIR/run/talk"
    said=$((said + 1))
    lab_until 30 stream_above talk $((said - 1))
}

armed() { becomes "$1" 60 state=armed on_demand=true push_supported=false internet_blocked=true; }

MVPN_LAB_LINKS=wwan0
scenario "on demand, while roaming"
control_open
around_start modem
around_set registration 5
mvpn_config Roaming.IdleTimeout=3s
mvpnd_start || fail "mvpnd does not start"
world_mark
ctl enable || fail "mvpnctl enable"
armed "armed, not connected"
refute "mvpnctl status says so by its exit status" ctl status
equal "the interface waits with an address that no host has" 192.0.0.8/32 "$(hs ip -4 -o addr show dev mvpn0 | awk '{print $4}')"
before=$(switches)
sleep 5
equal "waiting costs no wake-up" "$before" "$(switches)"
no_leak "while it waits"

probe_round
becomes "programs that want the internet bring it up" 60 state=connected
equal "with an address of the gateway's" 10.99.0.1 "$(status tunnel.addresses.0)"
armed "nobody uses it any more"
no_leak "while armed, connecting and connected"
equal "the last address stays" 10.99.0.1/32 "$(hs ip -4 -o addr show dev mvpn0 | awk '{print $4}')"

for address in "$CORP_V4" "$CORP_V6"; do
    check "sixteen datagrams at once to $address: none is lost" traffic --timeout "$(patience 20)" burst "$address" --count 16
    equal "they brought it up" connected "$(status state)"
    armed "nobody uses it any more"
done
stream_start used datagrams "$CORP_V4" || fail "no traffic"
stays "it stays as long as it is used" 8 state!=connected
stream_stop used >/dev/null
armed "and no longer"
check "so does the first packet of a connection" traffic --timeout "$(patience 20)" tcp "$CORP_V4"
armed "nobody uses it any more"

hs_spawn talk "$LAB_SUPPORT/traffic" --timeout "$(patience 20)" talk "$CORP_V4" --fifo "$LAB_DIR/run/talk" --report "$LAB_DIR/run/talk.report"
lab_until 20 test -p "$LAB_DIR/run/talk" || fail "no connection: $(cat "$LAB_DIR/log/talk.log")"
check "a connection that stays open" says one
armed "idle, though it is open"
check "goes on in the next tunnel" says two
equal "which it brought up" connected "$(status state)"
lab_stop talk KILL
armed "nobody uses it any more"

check "a name is found by the first question, which brings it up" hs getent ahostsv4 echo.corp.example.com
armed "nobody uses it any more"
mvpnd_kill9
mvpnd_start || fail "mvpnd does not start after a crash"
armed "armed again after a crash"
equal "with the last address" 10.99.0.1/32 "$(hs ip -4 -o addr show dev mvpn0 | awk '{print $4}')"
check "and its name servers: the first question is answered" hs getent ahostsv4 echo.corp.example.com
armed "nobody uses it any more"

check "a user's connect does not wait for a packet" ctl connect --wait=30
armed "nor does it last without one"
gateway_stop
hs "$LAB_SUPPORT/traffic" --timeout 1 udp "$CORP_V4" 2>/dev/null
becomes "a gateway that is away is waited for" 60 state=backoff
no_leak "meanwhile"
gateway_start good
check "and comes back to who still wants it" lab_until 120 traffic --timeout 5 udp "$CORP_V4"
armed "nobody uses it any more"

around_set registration 1   # home again
becomes "always on again" 60 state=connected on_demand=false
stays "idle does not matter there" 6 state!=connected
no_leak "all the while"
check "disable" ctl disable
check "after disable the internet is open" traffic tcp "$WORLD_V4"
