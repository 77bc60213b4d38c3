# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The NATs on the handset's ways: how long they keep a mapping, and which ports they choose; and the STUN server by which a handset finds that
# out. Lifetimes are conntrack's, per namespace, so that minutes can be seconds.

# nat_lifetime LINK YOUNG [STREAM]: seconds that the link's NAT, or on eth0 its stateful firewall, keeps a UDP mapping: one that has seen packets one way only, or both ways for less
# than two seconds; and one that has seen them both ways for longer
nat_lifetime() {
    in_ns "${LINK_PEER[$1]}" sysctl -qw "net.netfilter.nf_conntrack_udp_timeout=$2" "net.netfilter.nf_conntrack_udp_timeout_stream=${3:-$2}"
}

# nat_ports LINK keep|random: the outer port is the inner one where it is free; or any
nat_ports() {
    local how=
    [ "$2" = keep ] || how=random
    in_ns "${LINK_PEER[$1]}" nft "flush chain ip nat post; add rule ip nat post oifname wan masquerade $how"
}

# nat_forget LINK: every mapping is gone at once, as after a restart of the router
nat_forget() { in_ns "${LINK_PEER[$1]}" conntrack -F -p udp >/dev/null 2>&1; }

# firewall_start LINK: its router lets in over IPv6 only what answers; neighbour discovery stays
firewall_start() { only_answers "${LINK_PEER[$1]}" ip6; }

# stun_start: coturn with two addresses, which answers to another port when asked to (RESPONSE-PORT)
stun_start() {
    command -v turnserver >/dev/null || { say "skipped: no coturn"; exit 77; }
    lab_spawn stun svc turnserver -n --no-auth --no-tls --no-dtls --no-cli -L "$STUN_V4" -L "$STUN2_V4" \
        -L "$STUN_V6" -L "$STUN2_V6" -p 3478 --alt-listening-port 3479 \
        --userdb "$LAB_DIR/run/turndb" --pidfile "$LAB_DIR/run/turn.pid" --log-file stdout --simple-log
    lab_until 20 grep -qs 'SQLite DB connection success' "$LAB_DIR/log/stun.log" || die "no STUN server: $(cat "$LAB_DIR/log/stun.log")"
}

# stun_lie MOOD: a server in its place that lies (tests/support/stun-liar says how)
stun_lie() {
    lab_stop stun
    : >"$LAB_DIR/log/stun.log"
    lab_spawn stun svc "$LAB_SUPPORT/stun-liar" "$STUN_V4" "$1=3478"
    lab_until 20 grep -qs ready "$LAB_DIR/log/stun.log" || die "no lying STUN server: $(cat "$LAB_DIR/log/stun.log")"
}

stun_stop() { lab_stop stun; }
