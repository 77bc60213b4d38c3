# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# For the tests of src/ike alone: ike-drive on the lab's handset, its commands and its events. There is no lockdown here
# and no core: the test says what the core would, and sets the tunnel's addresses and routes itself.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${IKE_DRIVE:?the path of ike-drive}"
: "${MVPN_LAB_CAPTURE:=0}"
export MVPN_LAB_CAPTURE
# shellcheck source=../lab/lib.sh
. "$HERE/../lab/lib.sh"

DRIVE_OUT=$LAB_DIR/run/drive.out
DRIVE_MARK=0
EVENT=

# ike_test TITLE: a fresh lab with one gateway serving, taken down at the end
ike_test() {
    set -u
    lab_need_root
    trap ike_test_end EXIT
    trap 'exit 130' INT TERM
    say "== $1"
    lab_up
    gateway_start good gw
    mkdir -p "$LAB_DIR/crl"
}

ike_test_end() {
    local status=$?
    trap - EXIT
    if [ $status != 0 ] && [ $status != 77 ]; then
        say "---- ike-drive"
        tail -n 30 "$DRIVE_OUT" >&2
        cat "$LAB_DIR/log/drive.log" >&2
        say "---- the gateway's log"
        tail -n 40 "$(gateway_log)" >&2
    fi
    [ -n "${MVPN_LAB_KEEP:-}" ] || lab_down
    exit $status
}

# drive_start [OPTION…]: ike-drive with the lab's client certificate; later options win
drive_start() {
    rm -f "$LAB_DIR/run/drive.in"
    mkfifo "$LAB_DIR/run/drive.in"
    : >"$DRIVE_OUT"
    DRIVE_MARK=0
    # for builds with sanitizers: strongSwan has printf specifiers of its own
    lab_spawn drive handset env ASAN_OPTIONS=check_printf=0 \
        LSAN_OPTIONS="suppressions=$HERE/ike-lsan.supp:print_suppressions=0" ${DRIVE_ENV:-} sh -c 'in=$1 out=$2; shift 2; exec "$@" <"$in" >>"$out"' sh \
        "$LAB_DIR/run/drive.in" "$DRIVE_OUT" "$IKE_DRIVE" --cert "$LAB_DIR/pki/client.pem" \
        --key "$LAB_DIR/pki/client.key" --ca "$LAB_DIR/pki/ca.pem" --crl-dir "$LAB_DIR/crl" \
        --gateway "$GW_NAME" --id handset-1.example.com --tun mvpn0 "$@"
    exec {DRIVE_IN}>"$LAB_DIR/run/drive.in"
    expect 20 '^ready'
}

drive_quit() {
    local pid
    pid=$(cat "$LAB_DIR/pid/drive")
    cmd quit
    exec {DRIVE_IN}>&-
    lab_wait_gone "$pid" 20 || fail "ike-drive does not end"
    # a sanitizer's report, if there is one
    [ ! -s "$LAB_DIR/log/drive.log" ] || fail "ike-drive said: $(head -n 60 "$LAB_DIR/log/drive.log")"
}

# cmd WORDS…: a command; what comes before it is forgotten
cmd() {
    DRIVE_MARK=$(wc -l <"$DRIVE_OUT")
    echo "$*" >&"$DRIVE_IN"
}

drive_has() { EVENT=$(tail -n +$((DRIVE_MARK + 1)) "$DRIVE_OUT" | grep -m1 -E -- "$1"); }

# expect SECONDS PATTERN: a line since the last command, in $EVENT
expect() { lab_until "$1" drive_has "$2" || fail "no '$2' within $1 s"; }

# field NAME: of the line in $EVENT
field() { sed -n "s/.* $1=\([^ ]*\).*/\1/p" <<<"$EVENT"; }

# initiate [REMOTE] [LOCAL] [LINK] [MORE…]
initiate() {
    local remote=${1:-$GW_V4} local=${2:-${LINK_V4[wlan0]%/*}} link=${3:-wlan0}
    shift $(($# > 3 ? 3 : $#))
    cmd initiate "$remote" "$local" "$link" "$@"
    expect 5 '^initiate 0'
}

# tunnel_up: the addresses of the event in $EVENT, and routes to the corp network
tunnel_up() {
    local addr
    ip_ns handset <<END
link set mvpn0 up mtu 1400
addr flush dev mvpn0
END
    for addr in $(field addrs | tr ',' ' '); do
        ip -n "$(ns handset)" addr replace "$addr" dev mvpn0 noprefixroute
    done
    ip_ns handset <<END
route replace 10.1.0.0/24 dev mvpn0
route replace fd01::/64 dev mvpn0
END
}

# connected [INITIATE-ARGUMENTS…]: initiate and wait
connected() {
    initiate "$@"
    expect 20 '^event ike-established'
    tunnel_up
}

# reaches TEXT: both families, small and large
reaches() {
    hs ping -q -c 3 -i 0.2 -W 2 "$CORP_V4" >/dev/null || fail "$1: no ping to $CORP_V4"
    hs ping -q -c 3 -i 0.2 -W 2 "$CORP_V6" >/dev/null || fail "$1: no ping to $CORP_V6"
    hs ping -q -c 2 -i 0.2 -W 2 -s 1300 "$CORP_V4" >/dev/null || fail "$1: no large ping to $CORP_V4"
    pass "$1: ping of both families, small and large"
}

# stat NAME: a figure of ike-drive's stats
stat() {
    cmd stats
    expect 5 '^stats'
    field "$1"
}
