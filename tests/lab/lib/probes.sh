# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Traffic that must not get out (probes) and traffic that must get through (streams). The probes send every kind of packet
# that tests/support/probe knows, on every link; the recorder counts.

PROBE_DEVICES=(--device wlan0 --device wwan0 --device eth0)

# probe_round: one packet of every kind, from the handset and from its hotspot's client
probe_round() {
    hs "$LAB_SUPPORT/probe" round "${PROBE_DEVICES[@]}" >/dev/null
    hotspot "$LAB_SUPPORT/probe" forward
}

# probe_flood_start, probe_flood_stop: probes without end in the background, also while faults happen; a slow machine rests longer between
# two rounds, or it would do nothing else
probe_flood_start() {
    hs_spawn flood "$LAB_SUPPORT/probe" flood --pause "${1:-$LAB_POLL}" "${PROBE_DEVICES[@]}"
    lab_spawn flood-hotspot hotspot "$LAB_SUPPORT/probe" forward --forever
}

probe_flood_stop() {
    lab_stop flood KILL
    lab_stop flood-hotspot KILL
}

# probe_hold_start: connections that exist before the VPN is enabled, and go on sending
probe_hold_start() {
    rm -f "$LAB_DIR/run/hold.ready"
    hs_spawn hold "$LAB_SUPPORT/probe" hold --ready "$LAB_DIR/run/hold.ready"
    lab_until 20 test -e "$LAB_DIR/run/hold.ready" || die "no held connections: $(cat "$LAB_DIR/log/hold.log")"
}

probe_hold_stop() { lab_stop hold KILL; }

# probes_missing WHERE [GROUP]: kinds of probes that have not been seen there since the mark, on one line
probes_missing() {
    local seen kind missing=
    seen=" $(world_kinds "$1" | cut -d' ' -f1 | tr '\n' ' ')"
    for kind in $("$LAB_SUPPORT/probe" kinds ${2:+"$2"}); do
        case $seen in *" $kind "*) ;; *) missing="$missing $kind" ;; esac
    done
    echo "${missing# }"
}

# traffic ARGUMENTS…: see tests/support/traffic; on the handset
traffic() { hs "$LAB_SUPPORT/traffic" --timeout "$(patience 10)" "$@"; }

# stream_start NAME stream|datagrams ADDRESS: traffic that goes on in the background
stream_start() {
    rm -f "$LAB_DIR/run/$1.report"
    hs_spawn "$1" "$LAB_SUPPORT/traffic" "$2" "$3" --report "$LAB_DIR/run/$1.report"
    stream_progresses "$1" 20 || { say "no traffic: $(cat "$LAB_DIR/log/$1.log")"; return 1; }
}

# stream_answered NAME: how many answers came so far
stream_answered() { cut -d' ' -f1 "$LAB_DIR/run/$1.report" 2>/dev/null || echo 0; }

stream_above() { [ "$(stream_answered "$1")" -gt "$2" ] 2>/dev/null; }

# stream_progresses NAME [SECONDS]: wait until ten more answers have come
stream_progresses() {
    local now
    now=$(stream_answered "$1")
    lab_until "${2:-20}" stream_above "$1" $((${now:-0} + 10))
}

# stream_stop NAME: end it and print its report: answered sent verdict
stream_stop() {
    local pid
    pid=$(lab_pid "$1") && kill -TERM "$pid" && lab_wait_gone "$pid" 40
    rm -f "$LAB_DIR/pid/$1"
    cat "$LAB_DIR/run/$1.report"
}

# inner_address 4|6: the handset's in the tunnel
inner_address() { ctl status --json | python3 -c 'import json, sys
print(next(a for a in json.load(sys.stdin)["tunnel"]["addresses"] if (":" in a) == (sys.argv[1] == "6")))' "$1"; }

# push_listen, push WORD FAMILY, push_arrived WORD: what the corp side sends first, and whether it got through
push_listen() {
    : >"$LAB_DIR/run/pushed"
    hs_spawn listener "$LAB_SUPPORT/push" listen "$LAB_DIR/run/pushed"
    lab_until 20 grep -qs ready "$LAB_DIR/log/listener.log" || die "nobody listens"
}

push() { in_ns corp "$LAB_SUPPORT/push" send "$(inner_address "$2")" "$1"; }

push_arrived() { grep -qx "$1" "$LAB_DIR/run/pushed"; }
