#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A thousand interfaces and twenty thousand routes come and go: bounded memory, bounded time, and still a tunnel.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

rss_kb() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(lab_pid mvpnd)/status"; }
cpu_ticks() { awk '{print $14 + $15}' "/proc/$(lab_pid mvpnd)/stat"; }

MVPN_LAB_LINKS="wlan0 wwan0"
scenario "a storm of netlink messages"
connect_up
rss_before=$(rss_kb)
cpu_before=$(cpu_ticks)
world_mark
{
    for i in $(seq 1000); do echo "link add link ap0 name storm$i group 77 type macvlan"; done
} | hs ip -batch - || fail "cannot add interfaces"
{
    for i in $(seq 0 19999); do echo "route add 172.16.$((i / 256)).$((i % 256))/32 dev ap0"; done
} | hs ip -batch - || fail "cannot add routes"
equal "the state" connected "$(status state)"
carries "in the storm"
link_down wlan0
becomes "it still reacts" 30 state=connected base_link.interface=wwan0
link_up wlan0
mvpnd_kill9
mvpnd_start || fail "mvpnd does not start among 1000 interfaces and 20000 routes"
becomes "it starts and connects among all that" 60 state=connected
hs ip link del group 77 || fail "cannot remove interfaces"
hs ip route flush root 172.16.0.0/12 || fail "cannot remove routes"
becomes "still connected" 30 state=connected
carries "after the storm"
rss_after=$(rss_kb)
say "   memory: $rss_before kB before, $rss_after kB after; processor time before the crash: $cpu_before ticks"
[ "$rss_after" -lt $((rss_before + 8192)) ] || fail "memory grew from $rss_before to $rss_after kB"
pass "memory is bounded"
no_leak "all the while"
