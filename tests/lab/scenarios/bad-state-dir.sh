#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A state directory that cannot be written, and a full disk: said clearly, never a way out.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_LINKS=wlan0 MVPN_LAB_DUAL=wlan0
scenario "a state directory that cannot be written"
hs mount -t tmpfs -o size=128k,mode=0700 tmpfs "$HANDSET_STATE"
hs mount -o remount,ro "$HANDSET_STATE"
mvpnd_start || fail "mvpnd does not start with a read-only state directory"
refute "enable fails when it cannot be recorded" ctl enable
grep -qiE 'read-only|state' "$LAB_DIR/run/check.out" || fail "the error does not say why: $(cat "$LAB_DIR/run/check.out")"
pass "and says why: $(head -1 "$LAB_DIR/run/check.out")"
becomes "mvpnd goes on serving" 10 enabled=true

hs mount -o remount,rw "$HANDSET_STATE"
hs dd if=/dev/zero of="$HANDSET_STATE/ballast" bs=1k status=none 2>/dev/null
refute "enable fails on a full disk" ctl enable
hs rm "$HANDSET_STATE/ballast"
check "enable works when there is space again" ctl enable
becomes "connected" 30 state=connected

world_mark
hs dd if=/dev/zero of="$HANDSET_STATE/ballast" bs=1k status=none 2>/dev/null
link_down wlan0
becomes "the link is lost with the disk full" 30 state=offline
probe_round
link_up wlan0
becomes "connected with the disk full" 30 state=connected
no_leak "with the disk full"
mvpnd_kill9
probe_round
mvpnd_start || fail "mvpnd does not start with the disk full"
becomes "connected from a cold start with the disk full" 30 state=connected
no_leak "across a crash with the disk full"
hs mount -o remount,ro "$HANDSET_STATE"
mvpnd_stop
probe_round
no_leak "stopped with a read-only state directory"
refute "disable with mvpnd dead reports that it was not recorded" ctl disable
online "but it opened the internet"
