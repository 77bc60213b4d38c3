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
    "$BENCH_FLOW" "$(ns handset)" "$2" "$(ns corp)" "$3" "${FLOW_USEC:-2000}" >"$LAB_DIR/run/$1.flow" 2>&1 &
    echo $! >"$LAB_DIR/pid/$1.flow"
}

# esp_counted NAMESPACE OUT IN: count ESP in UDP where it leaves and enters this host (nftables); OUT, IN: the ports' directions there
esp_counted() {
    in_ns "$1" nft -f - <<END
table inet counted
delete table inet counted
table inet counted {
    counter out {}
    counter in {}
    chain post { type filter hook postrouting priority 500
        udp $2 4500 @th,64,32 != 0 counter name out
    }
    chain pre { type filter hook prerouting priority -500
        udp $3 4500 @th,64,32 != 0 counter name in
    }
}
END
}

# losses_start: from here on it is counted where packets are
losses_start() {
    esp_counted handset dport sport
    esp_counted gw sport dport
}

esp_packets() { in_ns "$1" nft list counter inet counted "$2" | awk '/packets/ { print $2 }'; }

# udp_errors NAMESPACE: datagrams that found a socket's buffer full there
udp_errors() {
    in_ns "$1" cat /proc/net/snmp /proc/net/snmp6 | awk '/^Udp: [0-9]/ { n += $6 + $7 } /^Udp6(Rcv|Snd)bufErrors/ { n += $2 } END { print n + 0 }'
}

# losses_print FLOW…: on which part of the way packets of these flows were lost; only right while no other traffic is in the tunnel
losses_print() {
    local sent_out received_out sent_in received_in name
    read -r sent_out received_out sent_in received_in < <(
        for name in "$@"; do cat "$LAB_DIR/run/$name.flow"; done | tr '=' ' ' |
            awk '/^out/ { so += $3; ro += $5 } /^in/ { si += $3; ri += $5 } END { print so, ro, si, ri }')
    echo "    lost on the way out: in the handset $((sent_out - $(esp_packets handset out))), on the wire $(($(esp_packets handset out) - $(esp_packets gw in)))," \
        "in the gateway or behind it $(($(esp_packets gw in) - received_out))"
    echo "    lost on the way in: in the gateway $((sent_in - $(esp_packets gw out))), on the wire $(($(esp_packets gw out) - $(esp_packets handset in)))," \
        "in the handset $(($(esp_packets handset in) - received_in))"
    echo "    datagrams that found a socket's buffer full: handset $(udp_errors handset), gateway $(udp_errors gw)"
}

# flow_stop NAME: end it and print its counts; false when a packet was lost, or it did not run at all
flow_stop() {
    local pid
    pid=$(cat "$LAB_DIR/pid/$1.flow")
    kill -TERM "$pid" && lab_wait_gone "$pid" 10
    rm -f "$LAB_DIR/pid/$1.flow"
    awk -v name="$1" '
        /^(out|in) sent=/ {
            for (i = 2; i <= NF; i++) { split($i, pair, "="); n[pair[1]] = pair[2] }
            lost += n["sent"] - n["received"] + n["refused"]; lines++; sent += n["sent"]
            printf "    %-6s %-4s sent %d, received %d, lost %d, twice %d, refused by the sender'"'"'s kernel %d\n", name, $1, n["sent"],
                n["received"], n["sent"] - n["received"], n["twice"], n["refused"]
            next
        }
        { print }
        END { exit lost > 0 || lines != 2 || sent == 0 }' "$LAB_DIR/run/$1.flow"
}

# dirty_kb LABEL: private dirty memory of a process of the lab
dirty_kb() { awk '/^Private_Dirty/ { print $2 }' /proc/"$(lab_pid "$1")"/smaps_rollup; }

# loss_verdict STATUS…: one line for the statuses of flow_stop
loss_verdict() {
    if [ "$*" = "0 0" ]; then echo "    no packet lost: met"; else echo "    packets were lost: NOT met"; fi
}
