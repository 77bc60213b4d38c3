# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The wires: namespaces, links, addresses, routes and the two NATs.
#
#  hotspot ─ ap0 ─┐
#               handset ─ wlan0 ── nata (NAT) ──┐                ┌── gw  ──┐
#                       ─ wwan0 ── natb (NAT) ──┼── inet (router)┼── gw2 ──┴─ corp: echo, DNS
#                       ─ eth0 ─── plain (IPv6) ┘                ├── svc: DNS, CRL, OCSP
#                                                                └── world: every other address there is
#
# A router's port towards the handset is called "lan", towards the internet "wan". All addresses are of the ranges
# reserved for documentation, for carriers' NAT and for private use.

GW_NAME=vpn.example.com
GW_V4=203.0.113.5
GW_V6=2001:db8:5::5
GW_NAT64=2001:db8:64::cb00:7105  # GW_V4 as the NAT64 of nat64_start shows it
GW2_NAME=vpn2.example.com
GW2_V4=203.0.113.9
GW2_V6=2001:db8:9::9
DNS_V4=203.0.113.53
DNS_V6=2001:db8:53::53
CRL_V4=203.0.113.54
CRL_V6=2001:db8:53::54
OCSP_V4=203.0.113.55
OCSP_V6=2001:db8:53::55
STUN_NAME=stun.example.com      # one server with two addresses, as RFC 5780 wants it
STUN_V4=203.0.113.57
STUN2_V4=203.0.113.58
STUN_V6=2001:db8:53::57
STUN2_V6=2001:db8:53::58
ENROLL_NAME=enroll.example.com  # enrolment before there is a tunnel, and what mail addresses of example.com lead to
ENROLL_V4=203.0.113.60
ENROLL_V6=2001:db8:53::60
SCEP_NAME=scep.example.com
SCEP_V4=203.0.113.66
CORP_V4=10.1.0.10
CORP_V6=fd01::10
CORP_DNS_V4=10.1.0.53
CORP_DNS_V6=fd01::53
DM_NAME=dm.corp.example.com     # management, through the tunnel only; and another server of the same network
DM_V4=10.1.0.20
DM_V6=fd01::20
DM2_NAME=dm2.corp.example.com
DM2_V4=10.1.0.21
DM2_V6=fd01::21
NAT64_PREFIX=2001:db8:64::/96
NAT64_NETWORK=192.168.255.0/24
WORLD_V4=192.0.2.80             # one of the addresses that the world answers for
WORLD_V6=2001:db8:f00::80
HOTSPOT_V4=192.168.50.2
HOTSPOT_V6=fd50::2

# the handset's addresses and routers, by link
declare -A LINK_PEER=([wlan0]=nata [wwan0]=natb [eth0]=plain)
declare -A LINK_V4=([wlan0]=192.168.1.10/24 [wwan0]=100.64.0.10/24 [eth0]=)
declare -A LINK_ROUTER=([wlan0]=192.168.1.1 [wwan0]=100.64.0.1 [eth0]=)
declare -A LINK_V6=([wlan0]=2001:db8:a1::10/64 [wwan0]=2001:db8:b1::10/64 [eth0]=2001:db8:e1::10/64)
declare -A LINK_ROUTER6=([wlan0]=2001:db8:a1::1 [wwan0]=2001:db8:b1::1 [eth0]=2001:db8:e1::1)
declare -A LINK_METRIC=([wlan0]=600 [wwan0]=700 [eth0]=100)
declare -A LINK_MAC=([wlan0]=02:00:00:00:01:01 [wwan0]=02:00:00:00:01:02 [eth0]=02:00:00:00:01:03)

# ip_ns NAMESPACE: run a batch of ip commands, from standard input, in a namespace
ip_ns() { ip -n "$(ns "$1")" -batch - || die "ip commands failed in $1"; }

# wire A IF_A B IF_B: a cable between two namespaces
wire() {
    ip -n "$(ns "$1")" link add "$2" netns "$(ns "$1")" type veth peer name "$4" netns "$(ns "$3")"
}

lab_namespaces() {
    local name forward
    for name in $LAB_NAMESPACES; do
        ip netns add "$(ns "$name")" || die "cannot make namespace $(ns "$name")"
        case $name in
        nata | natb | plain | inet | gw | gw2) forward=1 ;;
        *) forward=0 ;;
        esac
        in_ns "$name" sysctl -qw net.ipv4.ip_forward=$forward net.ipv6.conf.all.forwarding=$forward \
            net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_ra=0 \
            net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    done
}

lab_topology() {
    local link
    lab_namespaces
    in_ns handset sysctl -qw net.ipv4.conf.all.rp_filter="$MVPN_LAB_RP_FILTER" \
        net.ipv4.conf.default.rp_filter="$MVPN_LAB_RP_FILTER" net.ipv4.ip_unprivileged_port_start=1024
    wire handset wlan0 nata lan
    wire handset wwan0 natb lan
    wire handset eth0 plain lan
    wire handset ap0 hotspot wlan0
    wire nata wan inet nata
    wire natb wan inet natb
    wire plain wan inet plain
    wire inet svc svc eth0
    wire inet world world eth0
    wire inet gw gw wan
    wire inet gw2 gw2 wan
    wire corp gw gw corp
    wire corp gw2 gw2 corp
    lab_access_routers
    lab_internet
    lab_gateway_wires
    ip_ns handset <<END
link set lo up
link set ap0 up
addr add 192.168.50.1/24 dev ap0
addr add fd50::1/64 dev ap0
END
    ip_ns hotspot <<END
link set lo up
link set wlan0 up
addr add $HOTSPOT_V4/24 dev wlan0
addr add $HOTSPOT_V6/64 dev wlan0
route add default via 192.168.50.1
route add default via fd50::1
END
    for link in wlan0 wwan0 eth0; do
        ip -n "$(ns handset)" link set "$link" address "${LINK_MAC[$link]}" up
    done
    for link in wlan0 wwan0 eth0; do
        case " $MVPN_LAB_LINKS " in
        *" $link "*) link_addresses "$link" ;;
        *) link_down "$link" ;;
        esac
    done
}

# lab_access_routers: what the handset's links end in
lab_access_routers() {
    local name
    ip_ns nata <<END
link set lo up
link set lan up
link set wan up
addr add 192.168.1.1/24 dev lan
addr add 2001:db8:a1::1/64 dev lan
addr add 198.51.100.2/30 dev wan
addr add 2001:db8:a::2/64 dev wan
route add default via 198.51.100.1
route add default via 2001:db8:a::1
END
    ip_ns natb <<END
link set lo up
link set lan up
link set wan up
addr add 100.64.0.1/24 dev lan
addr add 2001:db8:b1::1/64 dev lan
addr add 198.51.100.6/30 dev wan
addr add 2001:db8:b::2/64 dev wan
route add default via 198.51.100.5
route add default via 2001:db8:b::1
END
    ip_ns plain <<END
link set lo up
link set lan up
link set wan up
addr add 2001:db8:e1::1/64 dev lan
addr add 2001:db8:e::2/64 dev wan
route add default via 2001:db8:e::1
END
    for name in nata natb; do
        in_ns $name nft -f - <<END
table ip nat {
    chain post {
        type nat hook postrouting priority srcnat
        oifname "wan" masquerade
    }
}
END
        only_answers $name ip
    done
}

# only_answers NAMESPACE ip|ip6: the router there lets in from "wan" only what answers
only_answers() {
    in_ns "$1" nft -f - <<END
table $2 filter {
    chain forward {
        type filter hook forward priority filter
        ct state established,related accept
        iifname "wan" drop
    }
}
END
}

# lab_internet: the router in the middle, the services and the world that answers for every address but those of the corp network, which
# only a tunnel reaches
lab_internet() {
    ip_ns inet <<END
link set lo up
link set nata up
link set natb up
link set plain up
link set svc up
link set world up
link set gw up
link set gw2 up
addr add 198.51.100.1/30 dev nata
addr add 2001:db8:a::1/64 dev nata
addr add 198.51.100.5/30 dev natb
addr add 2001:db8:b::1/64 dev natb
addr add 2001:db8:e::1/64 dev plain
addr add 203.0.113.33/27 dev svc
addr add 2001:db8:53::1/64 dev svc
addr add 203.0.113.129/25 dev world
addr add 2001:db8:f::1/64 dev world
addr add 203.0.113.6/30 dev gw
addr add 2001:db8:5::1/64 dev gw
addr add 203.0.113.10/30 dev gw2
addr add 2001:db8:9::1/64 dev gw2
route add 2001:db8:a1::/64 via 2001:db8:a::2
route add 2001:db8:b1::/64 via 2001:db8:b::2
route add 2001:db8:e1::/64 via 2001:db8:e::2
route add default via 203.0.113.200
route add default via 2001:db8:f::200
route add unreachable 10.1.0.0/16
route add unreachable fd01::/48
END
    ip_ns svc <<END
link set lo up
link set eth0 up
addr add $DNS_V4/27 dev eth0
addr add $CRL_V4/27 dev eth0
addr add $OCSP_V4/27 dev eth0
addr add $STUN_V4/27 dev eth0
addr add $STUN2_V4/27 dev eth0
addr add $DNS_V6/64 dev eth0
addr add $CRL_V6/64 dev eth0
addr add $OCSP_V6/64 dev eth0
addr add $STUN_V6/64 dev eth0
addr add $STUN2_V6/64 dev eth0
route add default via 203.0.113.33
route add default via 2001:db8:53::1
END
    ip_ns world <<END
link set lo up
link set eth0 up
addr add 203.0.113.200/25 dev eth0
addr add 2001:db8:f::200/64 dev eth0
route add 203.0.113.0/24 via 203.0.113.129
route add 198.51.100.0/24 via 203.0.113.129
route add 2001:db8::/40 via 2001:db8:f::1
route add local default dev lo table main
route add local ::/0 dev lo table main
END
}

# lab_gateway_wires: both gateways, their exits to the internet, and the corp network behind them
lab_gateway_wires() {
    ip_ns gw <<END
link set lo up
link set wan up
link set corp up
addr add $GW_V4/30 dev wan
addr add $GW_V6/64 dev wan
addr add 10.1.0.1/24 dev corp
addr add fd01::1/64 dev corp
route add default via 203.0.113.6
route add default via 2001:db8:5::1
END
    ip_ns gw2 <<END
link set lo up
link set wan up
link set corp up
addr add $GW2_V4/30 dev wan
addr add $GW2_V6/64 dev wan
addr add 10.1.0.2/24 dev corp
addr add fd01::2/64 dev corp
route add default via 203.0.113.10
route add default via 2001:db8:9::1
END
    # an answer of the world to a tunnel that has ended stays at the gateway: in clear it would look like the handset's own
    for name in gw gw2; do
        in_ns $name nft -f - <<END
table inet nat {
    chain post {
        type nat hook postrouting priority srcnat
        oifname "wan" ip saddr 10.98.0.0/15 masquerade
        oifname "wan" ip6 saddr { fd98::/64, fd99::/64 } masquerade
    }
    chain forward {
        type filter hook forward priority filter
        oifname "wan" ip daddr 10.98.0.0/15 rt ipsec missing drop
        oifname "wan" ip6 daddr { fd98::/64, fd99::/64 } rt ipsec missing drop
    }
}
END
    done
    ip_ns corp <<END
link set lo up
link add corp type bridge
link set gw master corp up
link set gw2 master corp up
link set corp up
addr add $CORP_V4/24 dev corp
addr add $CORP_V6/64 dev corp
addr add $CORP_DNS_V4/24 dev corp
addr add $CORP_DNS_V6/64 dev corp
route add 10.99.0.0/16 via 10.1.0.1
route add 10.98.0.0/16 via 10.1.0.2
route add fd99::/64 via fd01::1
route add fd98::/64 via fd01::2
END
}

# link_has_v6 LINK: does this link carry IPv6?
link_has_v6() {
    [ "$1" = eth0 ] && return 0
    case " $MVPN_LAB_DUAL " in *" $1 "*) return 0 ;; esac
    return 1
}

# link_addresses LINK: give the handset's link its addresses and default routes (what a lease would); idempotent
link_addresses() {
    local link=$1 metric=${LINK_METRIC[$1]}
    if [ -n "${LINK_V4[$link]}" ]; then
        ip_ns handset <<END
addr replace ${LINK_V4[$link]} dev $link noprefixroute
route replace ${LINK_ROUTER[$link]%.*}.0/24 dev $link scope link src ${LINK_V4[$link]%/*} metric $metric
route replace default via ${LINK_ROUTER[$link]} dev $link metric $metric
END
    fi
    if link_has_v6 "$link"; then
        ip_ns handset <<END
addr replace ${LINK_V6[$link]} dev $link noprefixroute
route replace ${LINK_V6[$link]%::*}::/64 dev $link metric $metric
route replace default via ${LINK_ROUTER6[$link]} dev $link metric $metric
END
    fi
}

# link_down LINK: the carrier goes, as when a cable is pulled or a base station is lost
link_down() { ip -n "$(ns "${LINK_PEER[$1]}")" link set lan down; }

# link_up LINK: the carrier comes back, with addresses and routes
link_up() {
    local link=$1 peer=${LINK_PEER[$1]}
    ip -n "$(ns "$peer")" link set lan up
    # an IPv6 address goes with its link; the router must have its own again
    ip -n "$(ns "$peer")" addr replace "${LINK_ROUTER6[$link]}/64" dev lan
    ip -n "$(ns handset)" link set "$link" up
    link_addresses "$link"
}

# link_lose_addresses LINK: the lease is gone, the carrier is not
link_lose_addresses() { ip -n "$(ns handset)" addr flush dev "$1" scope global; }

# link_dead LINK on|off: carrier and addresses stay, nothing gets through any more
link_dead() {
    local peer=${LINK_PEER[$1]}
    if [ "$2" = on ]; then
        in_ns "$peer" nft 'add table inet dead; add chain inet dead f { type filter hook forward priority -300; policy drop; }'
    else
        in_ns "$peer" nft 'add table inet dead; delete table inet dead'
    fi
}

# link_router LINK gone|back: the router has its address no more, and so does not answer ARP; the carrier stays
link_router() {
    local verb=replace
    [ "$2" = back ] || verb=del
    ip -n "$(ns "${LINK_PEER[$1]}")" addr $verb "${LINK_ROUTER[$1]}/${LINK_V4[$1]#*/}" dev lan
}

# link_hasty_neighbours LINK: the handset asks for a neighbour after one second instead of half a minute, and is soon done with asking
link_hasty_neighbours() {
    hs sysctl -qw "net.ipv4.neigh.$1.base_reachable_time_ms=1000" "net.ipv4.neigh.$1.delay_first_probe_time=1" \
        "net.ipv4.neigh.$1.retrans_time_ms=200"
}

# handset_forwards on|off: the handset lends its connection to the hotspot's client
handset_forwards() {
    local value=0
    [ "$1" = on ] && value=1
    in_ns handset sysctl -qw net.ipv4.ip_forward=$value net.ipv6.conf.all.forwarding=$value
    # the hotspot's own addresses are known to no router: as every hotspot, hide them behind the handset's
    in_ns handset nft 'add table inet hotspot; delete table inet hotspot'
    [ "$1" = off ] || in_ns handset nft -f - <<'END'
table inet hotspot {
    chain post {
        type nat hook postrouting priority srcnat
        iifname "ap0" oifname != "ap0" masquerade
    }
}
END
}

# nat64_start: eth0's router gets an IPv4 side and a translator (tayga) for NAT64_PREFIX; the resolver tells of it by ipv4only.arpa alone
nat64_start() {
    local conf=$LAB_DIR/tayga/conf
    mkdir -p "${conf%/*}"
    printf '%s\n' 'tun-device nat64' "ipv4-addr ${NAT64_NETWORK%.*}.1" "prefix $NAT64_PREFIX" "dynamic-pool $NAT64_NETWORK" \
        "data-dir ${conf%/*}" >"$conf"
    ip -n "$(ns inet)" addr add 198.51.100.9/30 dev plain
    in_ns plain sysctl -qw net.ipv4.ip_forward=1
    in_ns plain tayga --mktun -c "$conf" >>"$LAB_DIR/log/tayga.log" || die "tayga: $(cat "$LAB_DIR/log/tayga.log")"
    ip_ns plain <<END
addr add 198.51.100.10/30 dev wan
route add default via 198.51.100.9
link set nat64 up
route add $NAT64_NETWORK dev nat64
route add $NAT64_PREFIX dev nat64
END
    in_ns plain nft 'add table ip nat64; add chain ip nat64 post { type nat hook postrouting priority srcnat; };
        add rule ip nat64 post oifname "wan" masquerade'
    lab_spawn tayga plain tayga --nodetach -c "$conf"
    dns_set ipv4only.arpa 192.0.0.170 192.0.0.171 "${NAT64_PREFIX%/*}c000:aa" "${NAT64_PREFIX%/*}c000:ab"
}
