#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A gateway that dies without a word and comes back without memory: noticed while traffic wants through.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

scenario "a gateway that is killed and started again"
connect_up
carries "before"
stream_start noise datagrams "$CORP_V4" || fail "no traffic"
world_mark
gateway_kill9
gateway_start good
check "traffic comes back" stream_progresses noise 60
becomes "connected" 10 state=connected
carries "after"
stream_stop noise >/dev/null
no_leak "all the while"
