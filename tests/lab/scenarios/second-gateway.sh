#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Several gateways are tried in order; the first that answers is taken.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_LINKS=wlan0
scenario "a second gateway when the first is silent"
gateway_start good gw2
mvpn_config "Tunnel.Gateway=$GW_NAME $GW2_NAME" Tunnel.RemoteIdentity=
mvpnd_start || fail "mvpnd does not start"
ctl enable
becomes "the first is taken while it answers" 30 state=connected gateway.name=$GW_NAME
gateway_silent on
ctl disconnect
becomes "disconnected" 30 state=offline
world_mark
ctl connect
becomes "the second is taken when the first is silent" 60 state=connected gateway.name=$GW2_NAME gateway.address=$GW2_V4
carries "by the second gateway"
no_leak "all the while"
