#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# What lockdown lets through, by firewall and routing both: ssh and DHCP on the USB console, sockets bound to the interface of
# a cellular service, a hotspot's client through the tunnel. Each opens just that, and closes with its option.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

HOST_V4=172.16.42.2 CONSOLE_V4=172.16.42.1          # the far end of the USB cable, and the handset's
HOST_V6=fd42::2 CONSOLE_V6=fd42::1
CARRIER_V4=10.7.7.1 CARRIER_V6=fd07::1              # the carrier's router on the service's link
SERVICE_V4=10.7.9.9 SERVICE_V6=fd07:7::9            # the service behind it

# the far ends of both cables count what comes over them: "foreign" is all but neighbour discovery and what the option allows
cables() {
    wire handset usb0 hotspot usbhost
    wire handset ims0 world ims
    in_ns handset sysctl -qw "net.ipv4.conf.usb0.rp_filter=$MVPN_LAB_RP_FILTER" "net.ipv4.conf.ims0.rp_filter=$MVPN_LAB_RP_FILTER" \
        "net.ipv4.conf.ap0.rp_filter=$MVPN_LAB_RP_FILTER"
    ip_ns handset <<END
link set usb0 up
addr add $CONSOLE_V4/24 dev usb0
addr add $CONSOLE_V6/64 dev usb0
link set ims0 up
addr add 10.7.7.2/24 dev ims0
addr add fd07::2/64 dev ims0
END
    ip_ns hotspot <<END
link set usbhost up
addr add $HOST_V4/24 dev usbhost
addr add $HOST_V6/64 dev usbhost
END
    ip_ns world <<END
link set ims up
addr add $CARRIER_V4/24 dev ims
addr add $CARRIER_V6/64 dev ims
addr add $SERVICE_V4/32 dev lo
addr add $SERVICE_V6/128 dev lo
END
    ip_ns handset <<END
route add 10.7.0.0/16 via $CARRIER_V4 dev ims0
route add fd07:7::/64 via $CARRIER_V6 dev ims0
END
    in_ns hotspot nft -f - <<'END'
table inet count {
    counter foreign { }
    chain in {
        type filter hook prerouting priority -400
        iifname != "usbhost" accept
        ip saddr 172.16.42.2 ip daddr 255.255.255.255 accept comment "our own broadcast, looped back"
        icmpv6 type { 133, 134, 135, 136, 143 } accept
        tcp sport 22 accept
        udp sport 67 udp dport 68 accept
        counter name foreign
    }
}
END
    in_ns world nft -f - <<'END'
table inet count {
    counter foreign { }
    chain in {
        type filter hook prerouting priority -400
        iifname "ims" udp dport 21000 counter name foreign
    }
}
END
    lab_until 10 has_link_local handset usb0 || die "no link-local address on usb0"
}

has_link_local() { [ -n "$(link_local "$@")" ]; }
link_local() { ip -n "$(ns "$1")" -6 -o addr show dev "$2" scope link | sed -nE 's/.*inet6 ([^/]*).*/\1/p' | head -1; }
n_foreign() { in_ns "$1" nft list counter inet count foreign | sed -nE 's/.*packets ([0-9]+).*/\1/p'; }
no_foreign() { in_ns "$1" nft reset counter inet count foreign >"$LAB_DIR/run/foreign" && grep -q 'packets 0 ' "$LAB_DIR/run/foreign"; }

# console_start: what the handset offers to its USB cable: ports 22 and 23 for everybody, and a DHCP server bound to usb0
console_start() {
    rm -f "$LAB_DIR/run/console.ready"
    hs_spawn console python3 -c 'import socket, sys, threading
def serve(port):
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        ready.release()
        while True:
            listener.accept()[0].sendall(b"login: ")
def lease():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"usb0")
    s.bind(("", 67))
    ready.release()
    while True:
        s.sendto(b"offer", (s.recvfrom(1000)[1][0], 68))
ready = threading.Semaphore(0)
for run, arguments in ((serve, (22,)), (serve, (23,)), (lease, ())):
    threading.Thread(target=run, args=arguments).start()
    ready.acquire()
open(sys.argv[1], "w").close()' "$LAB_DIR/run/console.ready"
    lab_until 20 test -e "$LAB_DIR/run/console.ready" || die "no console: $(cat "$LAB_DIR/log/console.log")"
}

# login ADDRESS PORT: what a person at the USB cable sees
login() {
    hotspot python3 -c 'import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 2) as s:
    assert s.recv(100) == b"login: "' "$@"
}

lease() {
    hotspot python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"usbhost")
s.settimeout(2)
s.bind(("", 68))
s.sendto(b"discover", ("255.255.255.255", 67))
assert s.recv(100) == b"offer"'
}

# ask ADDRESS PORT [DEVICE]: a datagram from the handset, and its answer
ask() {
    hs python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
if sys.argv[3:]:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[3].encode())
s.connect((sys.argv[1], int(sys.argv[2])))
s.send(b"question")
assert s.recv(100) == b"question"' "$@"
}

# knock ADDRESS [DEVICE]: a datagram that must not arrive
knock() {
    hs python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[2:]:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[2].encode())
try:
    s.sendto(b"knock", (sys.argv[1], 21000))
except OSError:
    pass' "$@"
}

console_open() {
    local address
    for address in "$CONSOLE_V4" "$CONSOLE_V6" "$(link_local handset usb0)%usbhost"; do
        check "$1: a login over USB at $address" login "$address" 22
    done
    check "$1: a lease over USB" lease
}

service_open() {
    local address
    for address in "$CARRIER_V4" "$SERVICE_V4" "$CARRIER_V6" "$SERVICE_V6"; do
        check "$1: a socket bound to ims0 talks to $address" ask "$address" 7 ims0
    done
}

# beside_closed TEXT: the cables carry nothing else, whoever tries
beside_closed() {
    local address
    for address in "$CONSOLE_V4" "$CONSOLE_V6"; do
        refute "$1: no other port over USB at $address" login "$address" 23
    done
    for address in "$HOST_V4" "$HOST_V6"; do
        traffic --timeout 2 tcp "$address" 2>/dev/null    # without AllowUSBAccess= the tunnel may carry it: the counter judges
        knock "$address"
        knock "$address" usb0
    done
    check "$1: 0 foreign packets on the USB cable" no_foreign hotspot
    for address in "$CARRIER_V4" "$SERVICE_V4" "$CARRIER_V6" "$SERVICE_V6"; do
        knock "$address"
        knock "$address" wlan0
    done
    check "$1: 0 packets of unbound sockets on ims0" no_foreign world
    probe_round
    no_leak "$1: the base links"
}

# client_closed TEXT: the hotspot's client reaches nothing at all
client_closed() {
    local address
    for address in "$CORP_V4" "$CORP_V6" "$WORLD_V4" "$WORLD_V6"; do
        refute "$1: the hotspot's client does not reach $address" hotspot "$LAB_SUPPORT/traffic" --timeout 2 tcp "$address"
    done
    hotspot "$LAB_SUPPORT/probe" forward
    no_leak "$1: the hotspot's client"
}

client_open() {
    local address
    for address in "$CORP_V4" "$CORP_V6"; do
        check "$1: the hotspot's client reaches $address" hotspot "$LAB_SUPPORT/traffic" tcp "$address"
        check "$1: a datagram, too" hotspot "$LAB_SUPPORT/traffic" udp "$address"
        check "$1: 1 MB up" hotspot "$LAB_SUPPORT/traffic" upload "$address" 1000000
        check "$1: 1 MB down" hotspot "$LAB_SUPPORT/traffic" download "$address" 1000000
    done
    check "$1: the internet through the tunnel" hotspot "$LAB_SUPPORT/traffic" tcp "$WORLD_V4"
    hotspot "$LAB_SUPPORT/probe" forward
    no_leak "$1: the hotspot's client"
}

MVPN_LAB_RP_FILTER=2
scenario "what lockdown lets through"
cables
console_start
handset_forwards on
mvpn_config "Lockdown.AllowCellularServices=ims0"
mvpnd_start || fail "mvpnd does not start"

console_open "disabled"
check "disabled: another port over USB" login "$CONSOLE_V4" 23
hs ping -q -c 1 -W "$(patience 2)" "$HOST_V4" >/dev/null
above "disabled: the USB cable's counter counts" 0 "$(n_foreign hotspot)"
knock "$CARRIER_V4"
above "disabled: the service's counter counts" 0 "$(n_foreign world)"
no_foreign hotspot
no_foreign world
control
net_snapshot >"$LAB_DIR/run/before"

gateway_silent on
ctl enable || fail "mvpnctl enable"
becomes "connecting" 30 state=connecting
world_mark
console_open "no tunnel"
service_open "no tunnel"
beside_closed "no tunnel"
client_closed "no tunnel"

gateway_silent off
becomes "connected" 60 state=connected
console_open "connected"
service_open "connected"
beside_closed "connected"
client_open "connected"

mvpnd_kill9
console_open "mvpnd dead"
service_open "mvpnd dead"
beside_closed "mvpnd dead"
client_closed "mvpnd dead"
mvpnd_start || fail "mvpnd does not start after a crash"
becomes "connected after a crash" 30 state=connected
client_open "after a crash"


mvpn_config "Lockdown.AllowUSBAccess=no"
check "a reload with both options off" ctl reload
for address in "$CONSOLE_V4" "$CONSOLE_V6"; do
    refute "off: no login over USB at $address" login "$address" 22
done
refute "off: no lease over USB" lease
for address in "$SERVICE_V4" "$SERVICE_V6"; do
    refute "off: a socket bound to ims0 does not reach $address" ask "$address" 7 ims0
    knock "$address" ims0
done
check "off: 0 packets on ims0" no_foreign world
beside_closed "off"

mvpn_config "Lockdown.AllowCellularServices=ims0"
check "a reload with both options on" ctl reload
console_open "on again"
service_open "on again"
ctl disable || fail "mvpnctl disable"
net_snapshot >"$LAB_DIR/run/after"
diff "$LAB_DIR/run/before" "$LAB_DIR/run/after" >&2 || fail "disabled: this is left over (see the difference above)"
equal "disabled: the service's rp_filter" "$MVPN_LAB_RP_FILTER" "$(hs sysctl -n net.ipv4.conf.ims0.rp_filter)"
online "disabled"
