# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""The packets that the tests of the firewall send: each Probe is one, with the means to find it again. FOREIGN is what any program may try,
LINK_LOCAL what a host cannot be without."""

import errno
import select
import socket
import struct

import fw_lab
from fw_lab import is_six

UDP, TCP, RAW = socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_RAW
GATEWAY, OTHER, RESOLVER, WEB = "203.0.113.5", "203.0.113.6", "192.0.2.53", "192.0.2.80"
GATEWAY6, OTHER6, RESOLVER6 = "2001:db8:5::5", "2001:db8:5::6", "2001:db8:53::53"
NEIGHBOUR, NEIGHBOUR6 = "192.168.7.1", "fd00:7::1"
SYN_ERRORS = {errno.EHOSTUNREACH, errno.ECONNREFUSED, errno.EPERM, errno.EACCES, errno.ENETUNREACH}


class Probe:
    """one packet from the handset, and how to find it again"""

    def __init__(self, text, to, port=0, kind=UDP, proto=0, **options):
        self.text, self.to, self.port, self.kind, self.proto, self.options = text, to, port, kind, proto, options

    def open(self, lab):
        options = dict(self.options)
        bind = ("::" if is_six(self.to) else "0.0.0.0", options.pop("sport")) if "sport" in options else None
        return lab.socket("H", self.kind, is_six(self.to), self.proto, bind=bind, **options)

    def send(self, lab):
        """the test that recognises the packet, and the error that the sender got (0: none)"""
        s = self.open(lab)
        with s:
            if self.kind == TCP:
                error = s.connect_ex((self.to, self.port))
                sport = s.getsockname()[1]
                return lambda f: f.proto == 6 and f.sport == sport and f.dst == self.to, 0 if error == errno.EINPROGRESS else error
            tag = lab.new_tag()
            if self.kind == RAW and self.proto in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
                payload = struct.pack("!BBHHH", 128 if is_six(self.to) else 8, 0, 0, 1, 1) + tag
            else:
                payload = b"\0" * 16 + tag
            try:
                s.sendto(payload, (self.to, self.port))
                error = 0
            except OSError as e:
                error = e.errno
            return lambda f: tag in f.data, error

    def arrives(self, lab):
        lab.drain()
        is_mine, _ = self.send(lab)
        return any(is_mine(f) for f in lab.fence([]))


class Broadcast(Probe):
    """UDP to everybody on a link"""

    def open(self, lab):
        s = super().open(lab)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return s


class Icmp6(Probe):
    """an ICMPv6 packet of a type, with a hop limit"""

    def __init__(self, text, to, icmp_type, hops, size=24, device="wlan0"):
        super().__init__(text, to, kind=RAW, proto=socket.IPPROTO_ICMPV6, device=device)
        self.icmp_type, self.hops, self.size = icmp_type, hops, size

    def send(self, lab):
        with self.open(lab) as s:
            tag = lab.new_tag()
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, self.hops)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, self.hops)
            try:
                s.sendto(struct.pack("!BBH", self.icmp_type, 0, 0) + b"\0" * self.size + tag, (self.to, 0))
            except OSError:
                pass
            return lambda f: tag in f.data, 0


# What any program may try. Everything of it arrives while mvpn is off, and nothing while it is on.
FOREIGN = [
    Probe("UDP", OTHER, 9),
    Probe("UDP over IPv6", OTHER6, 9),
    Probe("TCP", OTHER, 80, TCP),
    Probe("TCP over IPv6", OTHER6, 80, TCP),
    Probe("UDP bound to the device", OTHER, 9, device="wlan0"),
    Probe("TCP bound to the device", OTHER, 80, TCP, device="wlan0"),
    Probe("UDP over IPv6 bound to the device", OTHER6, 9, device="wlan0"),
    Probe("raw ICMP", OTHER, 0, RAW, socket.IPPROTO_ICMP),
    Probe("raw ICMPv6", OTHER6, 0, RAW, socket.IPPROTO_ICMPV6),
    Probe("raw ESP", OTHER, 0, RAW, 50),
    Probe("raw of an unknown protocol", OTHER, 0, RAW, 253, device="wlan0"),
    Probe("DNS", OTHER, 53),
    Probe("DNS over TCP", OTHER, 53, TCP),
    Probe("DNS over TLS", OTHER, 853, TCP),
    Probe("DNS to the link's resolver", RESOLVER, 53),
    Probe("UDP to the gateway's port 500", GATEWAY, 500),
    Probe("UDP to the gateway's port 4500 from port 4500", GATEWAY, 4500, sport=4500),
    Probe("raw ESP to the gateway", GATEWAY, 0, RAW, 50),
    Probe("TCP to the gateway", GATEWAY, 500, TCP),
    Probe("ICMP to the gateway", GATEWAY, 0, RAW, socket.IPPROTO_ICMP),
    Probe("marked, to others", OTHER, 500, mark=True),
    Probe("marked, to the gateway's other port", GATEWAY, 501, mark=True),
    Probe("marked TCP to the gateway", GATEWAY, 4500, TCP, mark=True),
    Probe("marked ICMP to the gateway", GATEWAY, 0, RAW, socket.IPPROTO_ICMP, mark=True),
    Probe("marked ESP to others", OTHER, 0, RAW, 50, mark=True),
    Probe("marked DNS elsewhere", OTHER, 53, mark=True),
    Probe("HTTP to a CRL host", WEB, 80, TCP),
    Probe("UDP in the LAN", NEIGHBOUR, 9),
    Probe("UDP over IPv6 in the LAN", NEIGHBOUR6, 9),
    Probe("TCP in the LAN", NEIGHBOUR, 445, TCP),
    Probe("DNS in the LAN", NEIGHBOUR, 53),
    Broadcast("UDP broadcast", "255.255.255.255", 9, device="wlan0"),
    Probe("multicast", "224.0.0.251", 5353, device="wlan0"),
    Probe("UDP from DHCP's port to anybody", OTHER, 67, sport=68),
    Probe("DHCP's port to another port", NEIGHBOUR, 69, sport=68),
    Probe("DHCPv6's port to a global address", OTHER6, 547, sport=546),
    Icmp6("neighbour solicitation that is not on link", OTHER6, 135, 64),
    Icmp6("router solicitation to a global address", OTHER6, 133, 255),
    Icmp6("MLD with another hop limit", "ff02::16", 143, 64),
    Icmp6("echo with hop limit 255", OTHER6, 128, 255),
    Probe("UDP on the USB link", "172.16.42.2", 9),
    Probe("TCP from port 22", OTHER, 80, TCP, sport=22),
    Probe("TCP from port 22 on the USB link", "172.16.42.2", 80, TCP, sport=22),
    Probe("UDP on a cellular service's link", "10.7.7.1", 9),
    Probe("UDP to a hotspot's client", "10.42.0.2", 9),
]

# What an IPv6 host cannot be without, whatever else is shut.
LINK_LOCAL = [
    Broadcast("DHCP broadcast", "255.255.255.255", 67, device="wlan0", sport=68),
    Probe("DHCP renewal in the LAN", NEIGHBOUR, 67, sport=68),
    Probe("DHCPv6 to the link's servers", "ff02::1:2", 547, sport=546, device="wlan0"),
    Probe("DHCPv6 to the site's servers", "ff05::1:3", 547, sport=546, device="wlan0"),
    Icmp6("router solicitation", "ff02::2", 133, 255),
    Icmp6("neighbour solicitation", "ff02::1:ff00:1", 135, 255),
    Icmp6("neighbour solicitation to a global address", "2001:db8:7::1", 135, 255),
    Icmp6("neighbour advertisement", "ff02::1", 136, 255),
    Icmp6("MLD report", "ff02::16", 143, 1),
]


def check(lab, probes, arrive, but=()):
    """all probes but these fare so"""
    for probe in probes:
        if probe.text not in but:
            assert probe.arrives(lab) == arrive, f"{probe.text} to {probe.to}: {'did not arrive' if arrive else 'arrived'}"


# a server behind the tunnel, and the handset's own address there
INNER_FLOWS = [("10.200.0.1", "10.99.1.1", 32), ("2001:db8:99::ffff", "2001:db8:99::1", 128)]


def strays(lab, flow, before, *rows, then=None):
    """An answer to the handset's own packet comes out of the tunnel while its address is not on the interface: where does it go, by default
    routes and with forwarding on? The packet leaves under the lockdown `before`, its answer comes under `rows`, and after then()."""
    far, near, length = flow
    question, answer = lab.new_tag(), lab.new_tag()
    lab.lockdown(*before)
    client = lab.socket("H", UDP, is_six(near), bind=(near, 0))
    server = lab.socket("W", UDP, is_six(far), bind=(far, 5010))
    with client, server:
        client.sendto(question, (far, 5010))
        assert select.select([server], [], [], fw_lab.LIMIT)[0]
        data, sender = server.recvfrom(100)
        assert data == question
        lab.ip("H", "addr", "del", f"{near}/{length}", "dev", "mvpn0")
        try:
            lab.lockdown(*rows)
            if then:
                then()
            lab.drain()
            server.sendto(answer, sender)
        finally:
            lab.ip("H", "addr", "add", f"{near}/{length}", "dev", "mvpn0")
            lab.route_tunnel()
        return [f.where for f in lab.fence([]) if answer in f.data]
