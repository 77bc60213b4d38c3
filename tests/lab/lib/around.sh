# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The services around mvpnd on the handset's bus: ModemManager, NetworkManager and logind, played by tests/support/services.

# around_start PART…: modem, nm, logind; skips (77) where they cannot be played
around_start() {
    /usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || { say "skipped: python3-dbus and python3-gi are not installed"; exit 77; }
    hs_spawn around "$LAB_SUPPORT/services" --ready "$LAB_DIR/run/around.ready" "$@"
    lab_until 20 test -e "$LAB_DIR/run/around.ready" || die "the services did not start: $(cat "$LAB_DIR/log/around.log")"
}

# around_stop: as if all of them had crashed
around_stop() {
    lab_stop around KILL
    rm -f "$LAB_DIR/run/around.ready"
}

around_call() { hs busctl --address="$HANDSET_BUS" call org.mvpn.Test /org/mvpn/Test org.mvpn.Test "$@"; }

# around_set WHAT VALUE, around_get WHAT, around_is WHAT VALUE: see tests/support/services
around_set() { around_call Set ss "$1" "$2" >/dev/null || die "the services do not take $1 $2"; }
around_get() { around_call Get s "$1" | sed 's/^s "\(.*\)"$/\1/'; }
around_is() { [ "$(around_get "$1")" = "$2" ]; }

# wakes INTERFACE: its device may wake the handset, as sysfs says it of hardware
wakes() {
    local dir=$HANDSET_DIR/sysfs-$1
    mkdir -p "$dir/device/power"
    hs cat "/sys/class/net/$1/ifindex" >"$dir/ifindex"
    echo enabled >"$dir/device/power/wakeup"
    hs sh -c 'mount --bind "$1" "$(readlink -f "/sys/class/net/$2")"' sh "$dir" "$1" || die "sysfs cannot be played"
}
