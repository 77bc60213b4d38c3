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
    QUEUES_FULL_BEFORE=$(($(queues_full | paste -sd+)))
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

# queues_full: packets that found a queue full because nobody ran who would empty it: a UDP socket's of either host, or the tunnel device's
queues_full() {
    local name
    for name in handset gw; do
        in_ns "$name" cat /proc/net/snmp /proc/net/snmp6
    done | awk '/^Udp: [0-9]/ { n += $6 + $7 } /^Udp6(Rcv|Snd)bufErrors/ { n += $2 } END { print n + 0 }'
    hs cat /sys/class/net/mvpn0/statistics/tx_dropped
}

# losses_print FLOW…: on which part of the way packets of these flows were lost; only right while no other traffic is in the tunnel. What
# queues had no room for is told apart: a machine that is too busy does that to every program, and it says nothing about rekeying or moving.
losses_print() {
    local sent_out received_out sent_in received_in name crowded
    read -r sent_out received_out sent_in received_in < <(
        for name in "$@"; do cat "$LAB_DIR/run/$name.flow"; done | tr '=' ' ' |
            awk '/^out/ { so += $3; ro += $5 } /^in/ { si += $3; ri += $5 } END { print so, ro, si, ri }')
    echo "    lost on the way out: before the gateway $((sent_out - $(esp_packets gw in))), in it or behind it $(($(esp_packets gw in) - received_out))"
    echo "    lost on the way in: in the gateway $((sent_in - $(esp_packets gw out))), on the wire $(($(esp_packets gw out) - $(esp_packets handset in)))," \
        "in the handset $(($(esp_packets handset in) - received_in))"
    crowded=$(($(queues_full | paste -sd+) - QUEUES_FULL_BEFORE))
    echo "    of these, a queue was full for (the machine was too busy): $crowded;" \
        "all others: $((sent_out - received_out + sent_in - received_in - crowded)) (wanted: 0)"
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
