# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# For the benches that renew and move a tunnel under traffic: a steady flow both ways between the handset and the corp network, counted at
# both ends (bench-flow), and the memory of a process. Source it after the lab's library.

BENCH_FLOW=${MVPN_BUILD:-$LAB_SRC/build}/tests/bench-flow

# flow_start NAME OUR-ADDRESS CORP-ADDRESS: a datagram each way every FLOW_USEC
flow_start() {
    # outside of the namespaces: it enters both by itself
    "$BENCH_FLOW" "$(ns handset)" "$2" "$(ns corp)" "$3" "${FLOW_USEC:-5000}" >"$LAB_DIR/run/$1.flow" 2>&1 &
    echo $! >"$LAB_DIR/pid/$1.flow"
}

# losses_start: from here on ESP in UDP is counted where it enters the gateway and the handset. A train of UDP_SEGMENT would count as one
# packet, so the handset's links cut it.
losses_start() {
    local link
    for link in wlan0 wwan0 eth0; do
        in_ns handset ethtool -K "$link" tx-udp-segmentation off
    done
    QUEUE_FULL_HANDSET=$(queue_full handset)
    QUEUE_FULL_GATEWAY=$(queue_full gw)
    esp_counted handset sport
    esp_counted gw dport
    in_ns gw nft -f - <<'END'
add counter inet counted out
add chain inet counted post { type filter hook postrouting priority 500; }
add rule inet counted post udp sport 4500 @th,64,32 != 0 counter name out
END
}

# esp_counted NAMESPACE sport|dport
esp_counted() {
    in_ns "$1" nft -f - <<END
table inet counted
delete table inet counted
table inet counted {
    counter in {}
    chain pre { type filter hook prerouting priority -500
        udp $2 4500 @th,64,32 != 0 counter name in
    }
}
END
}

esp_packets() { in_ns "$1" nft list counter inet counted "$2" | awk '/packets/ { print $2 }'; }

# queue_full NAMESPACE: datagrams that found a socket's buffer full there; on the handset also packets that mvpn0's queue had no room for
queue_full() {
    local dropped=0
    [ "$1" != handset ] || dropped=$(hs cat /sys/class/net/mvpn0/statistics/tx_dropped)
    in_ns "$1" cat /proc/net/snmp /proc/net/snmp6 | awk -v n="$dropped" '
        /^Udp: [0-9]/ { n += $6 + $7 } /^Udp6(Rcv|Snd)bufErrors/ { n += $2 } END { print n + 0 }'
}

# losses_print FLOW…: on which part of the way packets of these flows were lost; only right while no other traffic is in the tunnel. What
# queues had no room for is told apart: a machine that is too busy does that to every program, and it says nothing about rekeying or moving.
losses_print() {
    local sent_out received_out sent_in received_in name entered left arrived crowded
    read -r sent_out received_out sent_in received_in < <(
        for name in "$@"; do cat "$LAB_DIR/run/$name.flow"; done | tr '=' ' ' |
            awk '/^out/ { so += $3; ro += $5 } /^in/ { si += $3; ri += $5 } END { print so, ro, si, ri }')
    entered=$(esp_packets gw in) left=$(esp_packets gw out) arrived=$(esp_packets handset in)
    crowded=$(($(queue_full handset) - QUEUE_FULL_HANDSET))
    echo "    lost in the gateway: out $((entered - received_out)), in $((sent_in - left)); of these for a full queue: $(($(queue_full gw) - QUEUE_FULL_GATEWAY))"
    echo "    lost on this side: out $((sent_out - entered)), in $((left - arrived)) before and $((arrived - received_in)) in the handset;" \
        "of these for a full queue (the machine was too busy): $crowded"
    echo "    lost to us: $((sent_out - entered + left - received_in - crowded)) (wanted: 0)"
}

# flow_stop NAME: end it and print its counts; false when it did not run
flow_stop() {
    local pid
    pid=$(cat "$LAB_DIR/pid/$1.flow")
    kill -TERM "$pid" && lab_wait_gone "$pid" 10
    rm -f "$LAB_DIR/pid/$1.flow"
    awk -v name="$1" '
        /^(out|in) sent=/ {
            for (i = 2; i <= NF; i++) { split($i, pair, "="); n[pair[1]] = pair[2] }
            lines++; sent += n["sent"]
            printf "    %-6s %-4s sent %d, received %d, lost %d, twice %d, refused by the sender'"'"'s kernel %d\n", name, $1, n["sent"],
                n["received"], n["sent"] - n["received"], n["twice"], n["refused"]
            next
        }
        { print }
        END { exit lines != 2 || sent == 0 }' "$LAB_DIR/run/$1.flow"
}

# dirty_kb LABEL: private dirty memory of a process of the lab
dirty_kb() { awk '/^Private_Dirty/ { print $2 }' /proc/"$(lab_pid "$1")"/smaps_rollup; }
