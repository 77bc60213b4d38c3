# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Names, folders and processes of one lab. Everything is derived from the prefix $MVPN_LAB, so that several labs run at
# once. Processes are started by lab_spawn, which leaves a pid file; lab_down ends those, then whatever still lives in
# the lab's own namespaces, and nothing else.

: "${MVPN_LAB:=mvpnlab}"                        # prefix of every name
: "${MVPN_BIN:=$LAB_SRC/build/bin}"             # where mvpnd and mvpnctl are
: "${MVPND:=}"                                  # the daemon, if it is not the one in MVPN_BIN
: "${MVPN_LAB_RP_FILTER:=0}"                    # the handset's rp_filter: 0, 1 or 2
: "${MVPN_LAB_LINKS:=wlan0 wwan0 eth0}"         # base links with carrier at the start
: "${MVPN_LAB_DUAL:=}"                          # NATed links that have IPv6 as well
: "${MVPN_LAB_CAPTURE:=1}"                      # 0: no recorder (benchmarks)
: "${MVPN_LAB_DATA_PATH:=user}"                 # mvpnd's: user or kernel
: "${MVPN_LAB_GATEWAY_ESP:=user}"               # the gateways': user (libipsec) or kernel
: "${MVPN_LAB_STRONGSWAN:=}"                    # the gateways': a folder of tests/support/newer-strongswan; empty: the host's
: "${MVPN_LAB_PKI:=}"                           # a folder of certificates to take instead of making them
: "${MVPN_LAB_PATIENCE:=1}"                     # how many times slower this machine is: limits grow by it

# what is to happen often happens less often where it takes longer
LAB_PACE=$((1 + MVPN_LAB_PATIENCE / 6))

# seconds between two looks at what offers no event; looking costs time as well
LAB_POLL=$(printf '%d.%02d' $((MVPN_LAB_PATIENCE * 5 / 100)) $((MVPN_LAB_PATIENCE * 5 % 100)))

LAB_DIR=${MVPN_LAB_DIR:-${TMPDIR:-/tmp}/$MVPN_LAB}
LAB_NAMESPACES="handset hotspot nata natb plain inet svc world gw gw2 corp"
LAB_GUESTS="scep"       # made only by the helpers that need them

# ns NAME: the real name of a namespace of this lab
ns() { printf '%s-%s' "$MVPN_LAB" "$1"; }

# in_ns NAME CMD…: run a command in a namespace
in_ns() {
    local name=$1
    shift
    ip netns exec "$(ns "$name")" "$@"
}

# say TEXT…: progress for a person, on standard error
say() { printf '%s\n' "$*" >&2; }

# die TEXT…: the lab itself is broken (never used for a finding about mvpn: see fail in check.sh)
die() {
    say "lab: $*"
    exit 1
}

# patience SECONDS: the limit of a wait on this machine. For giving up only: what must not happen for some time is not
# stretched by it
patience() { echo $(($1 * MVPN_LAB_PATIENCE)); }

# lab_need_root: skip (77) where the lab cannot run at all
lab_need_root() {
    [ "$(id -u)" = 0 ] || { say "skipped: the lab needs root"; exit 77; }
    [ -c /dev/net/tun ] || { say "skipped: no /dev/net/tun"; exit 77; }
    unshare --net true 2>/dev/null || { say "skipped: no network namespaces"; exit 77; }
}

# lab_spawn LABEL NAMESPACE CMD…: start a process in a namespace, detached, with log and pid file
lab_spawn() {
    local label=$1 where
    where=$(ns "$2")
    shift 2
    setsid ip netns exec "$where" "$@" >>"$LAB_DIR/log/$label.log" 2>&1 </dev/null &
    echo $! >"$LAB_DIR/pid/$label"
    disown $!
}

# lab_pid LABEL: the pid of a process started by lab_spawn; fails when it is gone
lab_pid() {
    local pid
    pid=$(cat "$LAB_DIR/pid/$1" 2>/dev/null) && kill -0 "$pid" 2>/dev/null && echo "$pid"
}

# lab_wait_gone PID [SECONDS]: wait until a process has ended; a zombie has, once it is the last of its threads: before
# that another of them may still hold the process's sockets, and with them its name on the bus
lab_wait_gone() {
    local pid=$1 n=$(($(patience "${2:-10}") * 50)) state
    while [ $n -gt 0 ]; do
        state=$(sed -n 's/^State:\t\(.\).*/\1/p; s/^Threads:\t/ /p' "/proc/$pid/status" 2>/dev/null | tr -d '\n')
        case $state in '' | 'Z 1' | X*) return 0 ;; esac
        sleep 0.02
        n=$((n - 1))
    done
    return 1
}

# lab_stop LABEL [SIGNAL]: end a process started by lab_spawn and wait for its end
lab_stop() {
    local pid
    if pid=$(lab_pid "$1"); then
        kill -"${2:-TERM}" "$pid" 2>/dev/null
        lab_wait_gone "$pid" || { kill -KILL "$pid" 2>/dev/null; lab_wait_gone "$pid"; }
    fi
    rm -f "$LAB_DIR/pid/$1"
}

# lab_until SECONDS CMD…: repeat a cheap check until it holds, with patience; for conditions that offer no event
lab_until() {
    local end=$(($(date +%s) + $(patience "$1")))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || return 1
        sleep "$LAB_POLL"
    done
}

lab_prepare_dirs() {
    mkdir -p "$LAB_DIR"/{log,pid,pki,zones,run,gw,gw2,handset}
    chmod 0755 "$LAB_DIR"
}

# lab_kill_namespaces: end every process that lives in one of our namespaces
lab_kill_namespaces() {
    local name pid
    for name in $LAB_NAMESPACES $LAB_GUESTS; do
        [ -e "/run/netns/$(ns "$name")" ] || continue
        for pid in $(ip netns pids "$(ns "$name")" 2>/dev/null); do
            [ "$pid" = $$ ] || kill -KILL "$pid" 2>/dev/null
        done
    done
}

# lab_down: remove every trace of this lab; harmless when there is none
lab_down() {
    local name file pid
    for file in "$LAB_DIR"/pid/*; do
        [ -f "$file" ] || continue
        pid=$(cat "$file")
        # a recycled pid is not ours: only what still runs with our folder or in our namespaces is ended
        if [ -n "$pid" ] && lab_owns "$pid"; then
            kill -KILL "$pid" 2>/dev/null
        fi
    done
    lab_kill_namespaces
    for name in $LAB_NAMESPACES $LAB_GUESTS; do
        [ -e "/run/netns/$(ns "$name")" ] && ip netns del "$(ns "$name")"
    done
    rm -rf "$LAB_DIR"
}

# lab_owns PID: is this a process of this lab?
lab_owns() {
    { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -qF "$LAB_DIR" && return 0
    case $(ip netns identify "$1" 2>/dev/null) in "$MVPN_LAB"-*) return 0 ;; esac
    return 1
}

# lab_is_up: is there a finished lab of this name?
lab_is_up() { [ -f "$LAB_DIR/up" ] && [ -e "/run/netns/$(ns handset)" ]; }

# lab_up: a fresh, complete lab: topology, keys, services, both gateways' configuration, the handset's surroundings
lab_up() {
    lab_need_root
    lab_down
    lab_prepare_dirs
    lab_topology
    lab_pki || die "no certificates"
    lab_services_start
    [ "$MVPN_LAB_CAPTURE" = 0 ] || lab_capture_start
    lab_handset_prepare
    lab_services_ready
    : >"$LAB_DIR/up"
}
