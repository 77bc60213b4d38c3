#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The heart of it: enabled, nothing leaves the handset but the tunnel, whatever happens to mvpnd, its links or its gateway.
# Probes of every kind run all the time; what counts is what a recorder saw on the far side of every link.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_DUAL=wlan0
scenario "faults under lockdown"
handset_forwards on
mvpnd_start || fail "mvpnd does not start"
online "disabled"
control
probe_hold_start

# from the moment that enable returns, the connections that were there before are dead too
ctl enable || fail "mvpnctl enable"
world_mark
probe_flood_start
becomes "connected" 30 state=connected
carries "under lockdown"
no_leak "connected, with connections from before, forwarding, and every kind of probe"

mvpnd_stop
blocked "mvpnd stopped"
no_leak "mvpnd stopped"
mvpnd_start || fail "mvpnd does not start again"
becomes "connected again" 30 state=connected
no_leak "mvpnd started again"

mvpnd_kill9
blocked "mvpnd killed"
no_leak "mvpnd killed with -9"
mvpnd_start || fail "mvpnd does not start after a crash"
becomes "connected after a crash" 30 state=connected
no_leak "mvpnd started after a crash"
for _ in 1 2 3; do
    mvpnd_kill9
    mvpnd_start || fail "mvpnd does not start after a crash"
done
becomes "connected after crashes while connecting" 30 state=connected
no_leak "mvpnd killed while connecting"

printf '[Tunnel]\nGateway\nNoSuchKey=1\n[Lockdown]\nAllowLAN=perhaps\n' >"$HANDSET_CONF"
refute "a broken configuration is refused" ctl reload
becomes "the tunnel stays" 5 state=connected
no_leak "a broken configuration reloaded"
mvpnd_stop
mvpnd_start 2>/dev/null || say "   (mvpnd refuses to start with a broken configuration)"
blocked "started with a broken configuration"
no_leak "started with a broken configuration"
mvpn_config
[ -n "$(lab_pid mvpnd)" ] && mvpnd_stop
mvpnd_start || fail "mvpnd does not start with the configuration mended"
becomes "connected with the configuration mended" 30 state=connected

for link in eth0 wlan0 eth0 wwan0; do
    link_down $link
    link_up $link
done
for link in eth0 wlan0 wwan0; do link_down $link; done
becomes "no link at all" 30 state=offline reason=no-link
for link in wwan0 wlan0 eth0; do link_up $link; done
becomes "connected after the flaps" 30 state=connected
no_leak "links flapped"

hs ip link del mvpn0
becomes "connected after the tunnel's interface was deleted" 30 state=connected tunnel.interface=mvpn0
carries "after the tunnel's interface was deleted"
no_leak "the tunnel's interface deleted by hand"

link=$(status base_link.interface)
link_down "$link"
becomes "the base link changed" 30 state=connected "base_link.interface!=$link"
link_up "$link"
no_leak "the base link changed"
link=$(status base_link.interface)
link_lose_addresses "$link"
becomes "the base link lost its addresses" 30 state=connected "base_link.interface!=$link"
link_addresses "$link"
no_leak "the base link lost its addresses"

gateway_stop
becomes "the gateway is gone" 30 state!=connected
becomes "the gateway stays gone" 60 state=backoff
blocked "the gateway gone"
no_leak "the gateway gone"
gateway_start good
becomes "the gateway is back" 90 state=connected
no_leak "the gateway back"

ctl disconnect
becomes "disconnected" 10 state=offline
blocked "disconnected"
no_leak "disconnected by the user"
ctl connect
becomes "connected again" 30 state=connected
no_leak "connected by the user"

probe_flood_stop
probe_hold_stop
ctl disable || fail "mvpnctl disable"
online "disabled again"
control
