#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# StandardPorts=yes sends from 500 and 4500, and says so when another program has them; ephemeral ports leave room for that program.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

holds() { [ -n "$(hs ss -Hulnp "sport = :$1" | grep "pid=$(lab_pid mvpnd),")" ]; }

MVPN_LAB_LINKS=wlan0
scenario "UDP ports 500 and 4500"
mvpn_config Tunnel.StandardPorts=yes
connect_up
check "mvpnd has port 500" holds 500
check "mvpnd has port 4500" holds 4500
carries "from the standard ports"
no_leak "from the standard ports"
check "mvpnctl disable" ctl disable

hs_spawn other-ike python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 4500))
open("'"$LAB_DIR"'/run/other-ike", "w")
time.sleep(3600)'
lab_until 20 test -e "$LAB_DIR/run/other-ike" || fail "the other program does not start"
check "mvpnctl enable" ctl enable
becomes "another program has port 4500: told, and blocked" 20 reason=internal-error internet_blocked=true
check "the sentence names the port" grep -q 'UDP port 4500 is in use' <<<"$(status message)"
blocked "beside another IKE program"
mvpn_config Tunnel.StandardPorts=no
check "mvpnctl reload" ctl reload
becomes "ports that the kernel chooses are free" 30 state=connected
carries "beside another IKE program"
no_leak "beside another IKE program"
lab_stop other-ike TERM
