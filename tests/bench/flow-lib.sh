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
