#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The reverse-path filter, as distributions set it: 0, 1 and 2. The gateway's answers must get in whichever it is.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

for MVPN_LAB_RP_FILTER in 0 1 2; do
    for MVPN_LAB_LINKS in "wlan0 wwan0" "eth0 wlan0"; do
        scenario "rp_filter=$MVPN_LAB_RP_FILTER, links $MVPN_LAB_LINKS"
        connect_up
        world_mark
        carries "rp_filter=$MVPN_LAB_RP_FILTER"
        first=${MVPN_LAB_LINKS%% *}
        link_down "$first"
        becomes "the tunnel moves away from $first" 30 state=connected "base_link.interface=${MVPN_LAB_LINKS##* }"
        carries "rp_filter=$MVPN_LAB_RP_FILTER, after the move"
        probe_round
        no_leak "rp_filter=$MVPN_LAB_RP_FILTER"
        mvpnd_stop
    done
done
