# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Assertions of the scenarios. One that fails says what was expected, shows the state of everything and ends the scenario
# with 1; the lab is taken down in any case (MVPN_LAB_KEEP=1 keeps it for looking at).

# scenario TITLE [GATEWAY-COMMAND…]: begin; a fresh lab with a gateway serving
scenario() {
    local title=$1
    shift
    set -u
    lab_need_root
    [ -x "$MVPN_BIN/mvpnd" ] && [ -x "$MVPN_BIN/mvpnctl" ] || { say "skipped: no mvpnd in $MVPN_BIN"; exit 77; }
    trap scenario_end EXIT
    trap 'exit 130' INT TERM
    say "== $title"
    lab_up
    if [ $# -gt 0 ]; then "$@"; else gateway_start good gw; fi
}

scenario_end() {
    local status=$?
    trap - EXIT
    [ $status = 0 ] || [ $status = 77 ] || scenario_dump
    [ -n "${MVPN_LAB_KEEP:-}" ] || lab_down
    exit $status
}

# pass TEXT, fail TEXT
pass() { say "   ok: $*"; }

fail() {
    say "FAILED: $*"
    exit 1
}

# check TEXT CMD…: the command must succeed
check() {
    local text=$1
    shift
    if "$@" >"$LAB_DIR/run/check.out" 2>&1; then
        pass "$text"
    else
        cat "$LAB_DIR/run/check.out" >&2
        fail "$text (exit status of: $*)"
    fi
}

# refute TEXT CMD…: the command must fail
refute() {
    local text=$1
    shift
    if "$@" >"$LAB_DIR/run/check.out" 2>&1; then
        cat "$LAB_DIR/run/check.out" >&2
        fail "$text (but this succeeded: $*)"
    fi
    pass "$text"
}

# equal TEXT EXPECTED FOUND
equal() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
    pass "$1: $3"
}

# above TEXT MINIMUM FOUND: an integer that must be greater
above() {
    [ "$3" -gt "$2" ] || fail "$1: expected more than $2, found $3"
    pass "$1: $3"
}

# becomes TEXT SECONDS CONDITION…: the status must come to meet the conditions
becomes() {
    local text=$1 seconds=$2
    shift 2
    wait_status "$seconds" "$@" >"$LAB_DIR/run/status.json" || fail "$text"
    pass "$text"
}

# stays TEXT SECONDS CONDITION…: the status must not come to meet the conditions in that time
stays() {
    local text=$1 seconds=$2
    shift 2
    if status_within "$seconds" "$@" >"$LAB_DIR/run/status.json" 2>/dev/null; then
        fail "$text: $(cat "$LAB_DIR/run/status.json")"
    fi
    pass "$text"
}

# no_leak TEXT: not one foreign packet since the mark; then a new mark
no_leak() {
    local count
    count=$(world_count) || fail "$1: the recorder does not answer"
    if [ "$count" != 0 ]; then
        world_foreign | head -20 >&2
        fail "$1: $count foreign packets left the handset"
    fi
    pass "$1: 0 foreign packets"
    world_mark
}

# control: with the VPN disabled every kind of probe must be seen, or the zeros elsewhere prove nothing
control() {
    local missing where
    world_mark
    probe_round
    for where in ${1:-wlan0 eth0 wwan0}; do
        case $where in
        eth0) missing=$(probes_missing eth0 | tr ' ' '\n' | grep '6$' | tr '\n' ' ') ;;
        wlan0) missing=$(probes_missing wlan0 | tr ' ' '\n' | grep '4$' | tr '\n' ' ') ;;
        *) missing=$(probes_missing "$where" | tr ' ' '\n' | grep -E '(dev|lan|broadcast|multicast)4' | tr '\n' ' ') ;;
        esac
        [ -z "$missing" ] || fail "positive control: these probes were not seen on $where: $missing"
    done
    missing=$(probes_missing world forward)
    [ -z "$missing" ] || fail "positive control: these probes of the hotspot were not seen: $missing"
    pass "positive control: every kind of probe is seen ($(world_count) packets)"
    world_mark
}

# carries TEXT [ADDRESS…]: the tunnel carries ping, TCP and UDP to the corp network, in both families if nothing is said
carries() {
    local text=$1 address
    shift
    [ $# -gt 0 ] || set -- "$CORP_V4" "$CORP_V6"
    for address; do
        hs ping -q -c 3 -i 0.2 -W "$(patience 2)" "$address" >/dev/null || fail "$text: no ping to $address"
        traffic tcp "$address" || fail "$text: no TCP to $address"
        traffic udp "$address" || fail "$text: no UDP to $address"
    done
    pass "$text: ping, TCP and UDP to $*"
}

# online TEXT: the plain internet works, outside of any tunnel
online() {
    world_mark
    traffic --timeout "$(patience 5)" tcp "$WORLD_V4" || fail "$1: no IPv4 internet"
    traffic --timeout "$(patience 5)" tcp "$WORLD_V6" || fail "$1: no IPv6 internet"
    [ "$(world_count)" -gt 0 ] || fail "$1: the recorder saw nothing, so this did not go by the base links"
    world_mark
    pass "$1: the internet works"
}

# offline TEXT: the internet is not reachable, and refused at once rather than left waiting
blocked() {
    if traffic --timeout 3 tcp "$WORLD_V4" 2>/dev/null || traffic --timeout 3 tcp "$WORLD_V6" 2>/dev/null; then
        fail "$1: the internet is reachable"
    fi
    pass "$1: the internet is blocked"
}

# connect_up [ENVIRONMENT…]: mvpnd started, enabled and connected
connect_up() {
    mvpnd_start "$@" || fail "mvpnd does not start"
    ctl enable || fail "mvpnctl enable"
    becomes "connected" 30 state=connected
}

# net_snapshot: everything in the kernel that mvpn may have changed on the handset, in a comparable form
net_snapshot() {
    hs nft -s list ruleset
    hs ip rule show
    hs ip -6 rule show
    hs ip route show table all
    hs ip -6 route show table all | sed 's/ expires [0-9]*sec//; s/ pref medium//'
    hs ip -o addr show | sed 's/valid_lft.*//'
    hs ip -o link show | sed 's/ qdisc.*//'
    hs sysctl net.ipv4.conf.all net.ipv4.conf.default net.core.xfrm_larval_drop 2>/dev/null
    hs ip -s xfrm policy show 2>/dev/null | grep -v '^[[:space:]]*\(lifetime\|limit\|expire\|add\|[0-9]\)'
    hs cat /etc/resolv.conf
}

scenario_dump() {
    [ -d "$LAB_DIR" ] || return
    {
        echo "---- status"
        timeout "$(patience 5)" bash -c "$(declare -f ctl hs die say); $(declare -p LAB_DIR HANDSET_BUS MVPN_BIN HANDSET_CONF HANDSET_STATE HANDSET_RUN); ctl status --json; ctl links"
        echo "---- mvpnd's output"
        tail -n 60 "$MVPND_LOG" 2>/dev/null
        echo "---- its journal"
        [ -s "$MVPND_JOURNAL" ] && jsonl_message <"$MVPND_JOURNAL" | tail -n 60
        echo "---- the gateway's log"
        tail -n 40 "$(gateway_log)" 2>/dev/null
        echo "---- the handset's network"
        hs ip -br addr
        hs ip rule
        hs ip -4 route show table all | grep -v 'table local' | head -40
        hs ip -6 route show table all | grep -v 'table local' | head -40
        hs nft list ruleset | head -200
        echo "---- foreign packets"
        [ -S "$RECORD_SOCKET" ] && world_foreign | head -20
    } >&2 2>&1
}

# control_open: with the VPN off what a program sends over IPv4 is seen by the recorder; the least that a later zero needs
control_open() {
    world_mark
    traffic tcp "$WORLD_V4" || fail "positive control: no internet without the VPN"
    above "positive control: packets of a program, seen" 0 "$(world_count)"
    world_mark
}
