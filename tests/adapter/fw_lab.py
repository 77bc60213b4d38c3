# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""Three network namespaces for one firewall, all driven by this one process.

    H the handset: wlan0, usb0, mms0 and mvpn0, each a veth whose other end is in W; ap0 towards C
    W everything else: gateway, resolver, a server, a neighbour in the LAN, the far side of the tunnel
    C a client of the handset's hotspot

What left the handset is what W's packet sockets saw; a packet that must not leave is followed by a fence, a packet that may: once the fence
is seen, the other would have been. All runs on one processor, so that packets keep their order. Neighbours are permanent.
"""

import ctypes
import os
import re
import select
import socket
import struct
import subprocess
import time

MARK = 0x4D56
SO_MARK = 36
LIMIT = 10  # seconds for things that must happen
ETH_P_ALL = 3
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)

# interface in H: (other end in W or C, H's addresses, the other side's)
LINKS = {
    "wlan0": ("w0", ["192.168.7.2/24", "2001:db8:7::2/64", "fd00:7::2/64"], ["192.168.7.1/24", "2001:db8:7::1/64", "fd00:7::1/64"]),
    "usb0": ("u0", ["172.16.42.1/24", "fd00:42::1/64"], ["172.16.42.2/24", "fd00:42::2/64", "198.51.100.42/32"]),
    "mms0": ("m0", ["10.7.7.2/24"], ["10.7.7.1/24"]),
    "mvpn0": ("t0", ["10.99.1.1/32", "2001:db8:99::1/128"], ["10.99.0.1/32", "2001:db8:99::ffff/128"]),
    "ap0": ("c0", ["10.42.0.1/24"], ["10.42.0.2/24"]),
}
# addresses of the world, on W's loopback
WORLD = ["203.0.113.5/32", "203.0.113.6/32", "192.0.2.53/32", "192.0.2.80/32", "2001:db8:5::5/128", "2001:db8:5::6/128",
         "2001:db8:53::53/128", "10.200.0.1/32"]


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def is_six(address):
    return ":" in address


def sweep():
    """namespaces of runs that were killed"""
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
        owner = re.fullmatch(r"mvpnfw(\d+)[HWC]", name)
        if owner and not os.path.exists(f"/proc/{owner[1]}"):
            subprocess.run(["ip", "netns", "del", name], check=False)


class Frame:
    """what a packet socket saw, taken apart as far as the tests need"""

    def __init__(self, where, data):
        self.where, self.data = where, data
        self.proto = self.src = self.dst = self.sport = self.dport = None
        self.payload = b""
        kind = struct.unpack_from("!H", data, 12)[0]
        if kind == 0x0800:
            at = 14 + (data[14] & 15) * 4
            self.proto = data[23]
            self.src, self.dst = socket.inet_ntop(socket.AF_INET, data[26:30]), socket.inet_ntop(socket.AF_INET, data[30:34])
        elif kind == 0x86DD:
            at = 54
            self.proto = data[20]
            self.src, self.dst = socket.inet_ntop(socket.AF_INET6, data[22:38]), socket.inet_ntop(socket.AF_INET6, data[38:54])
        else:
            return
        if self.proto in (6, 17):
            self.sport, self.dport = struct.unpack_from("!HH", data, at)
        self.payload = data[at:]

    def __repr__(self):
        return f"{self.where}: {self.proto} {self.src}:{self.sport} > {self.dst}:{self.dport}"


class Lab:
    """the namespaces, with sockets from inside them"""

    def __init__(self, tool, *options):
        sweep()
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        self.prefix = f"mvpnfw{os.getpid()}"
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.spaces = {}
        self.captures = {}
        self.tool = None
        self.tag = 0
        try:
            self.build([tool, *options])
        except BaseException:
            self.close()
            raise

    def build(self, command):
        for name in "HWC":
            space = f"{self.prefix}{name}"
            run("ip", "netns", "add", space)
            self.spaces[name] = os.open(f"/run/netns/{space}", os.O_RDONLY)
            self.sysctl(name, "net.ipv6.conf.all.accept_dad", 0)
            self.sysctl(name, "net.ipv6.conf.default.accept_dad", 0)
            self.sysctl(name, "net.ipv6.conf.default.accept_ra", 0)
            self.ip(name, "link", "set", "lo", "up")
        for name, (other, mine, theirs) in LINKS.items():
            self.add_link(name, other, mine, theirs)
        for address in WORLD:
            self.ip("W", "addr", "add", address, "dev", "lo")
        self.ip("H", "route", "add", "default", "via", "192.168.7.1")
        self.ip("H", "-6", "route", "add", "default", "via", "2001:db8:7::1")
        self.ip("W", "route", "add", "10.42.0.0/24", "via", "192.168.7.2")
        self.ip("C", "route", "add", "default", "via", "10.42.0.1")
        self.sysctl("H", "net.ipv4.ip_forward", 1)
        self.tool = self.spawn("H", command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def add_link(self, name, other, mine, theirs):
        peer = "C" if name == "ap0" else "W"
        space = f"{self.prefix}{peer}"
        self.ip("H", "link", "add", name, "type", "veth", "peer", "name", other, "netns", space)
        for ours, interface, addresses in (("H", name, mine), (peer, other, theirs)):
            for address in addresses:
                self.ip(ours, "addr", "add", address, "dev", interface)
            self.ip(ours, "link", "set", interface, "up")
        for here, interface, there, far, addresses in (("H", name, peer, other, theirs), (peer, other, "H", name, mine)):
            mac = self.read(there, f"/sys/class/net/{far}/address")
            for address in addresses:
                self.ip(here, "neigh", "replace", address.split("/")[0], "lladdr", mac, "dev", interface, "nud", "permanent")
        if name == "mvpn0":
            self.route_tunnel()
        if peer == "W" or name == "ap0":
            self.captures[name] = self.capture(peer, other)

    def route_tunnel(self):
        for far in ("10.99.0.1", "2001:db8:99::ffff"):
            self.ip("H", "-6" if is_six(far) else "-4", "route", "replace", far, "dev", "mvpn0")
        self.ip("H", "route", "replace", "10.200.0.1", "dev", "mvpn0", "src", "10.99.1.1")
        self.ip("H", "neigh", "replace", "10.200.0.1", "lladdr", self.read("W", "/sys/class/net/t0/address"), "dev", "mvpn0", "nud", "permanent")
        for near in ("10.99.1.1", "2001:db8:99::1"):
            self.ip("W", "-6" if is_six(near) else "-4", "route", "replace", near, "dev", "t0")

    def recreate_tunnel(self):
        self.captures.pop("mvpn0").close()
        self.ip("H", "link", "del", "mvpn0")
        self.add_link("mvpn0", *LINKS["mvpn0"])

    # inside a namespace

    def enter(self, name):
        fd = self.home if name is None else self.spaces[name]
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def within(self, name, function):
        self.enter(name)
        try:
            return function()
        finally:
            self.enter(None)

    def read(self, name, path):
        # /sys shows the namespace of whoever mounted it: ask ip
        interface = path.split("/")[4]
        text = subprocess.run(["ip", "-n", f"{self.prefix}{name}", "-o", "link", "show", interface], check=True, capture_output=True, text=True).stdout
        return text.split("link/ether ")[1].split()[0]

    def ip(self, name, *arguments):
        nodad = ["nodad"] if arguments[:2] == ("addr", "add") and is_six(arguments[2]) else []
        run("ip", "-n", f"{self.prefix}{name}", *arguments, *nodad)

    def sysctl(self, name, key, value):
        path = "/proc/sys/" + key.replace(".", "/")

        def write():
            with open(path, "w", encoding="ascii") as f:
                f.write(str(value))
        self.within(name, write)

    def spawn(self, name, command, **options):
        return self.within(name, lambda: subprocess.Popen(command, **options))

    def capture(self, name, interface):
        def make():
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            s.bind((interface, ETH_P_ALL))
            s.setblocking(False)
            return s
        return self.within(name, make)

    def socket(self, name, kind, six=False, proto=0, mark=False, device=None, bind=None):
        def make():
            s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, kind, proto)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if mark:
                s.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)
            if device:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
            if bind:
                s.bind(bind)
            s.setblocking(False)
            return s
        return self.within(name, make)

    # the firewall

    def say(self, line):
        self.tool.stdin.write(line + "\n")
        self.tool.stdin.flush()
        return self.tool.stdout.readline().strip()

    def lockdown(self, *lines):
        for line in lines + ("apply",):
            word = self.say(line)
            assert word == "ok", f"{line}: {word}"

    # what was seen

    def new_tag(self):
        self.tag += 1
        return b"<tag%06d>" % self.tag

    def drain(self):
        seen = []
        for name, capture in self.captures.items():
            while True:
                try:
                    data, meta = capture.recvfrom(65536)
                except BlockingIOError:
                    break
                if meta[2] != socket.PACKET_OUTGOING:
                    seen.append(Frame(name, data))
        return seen

    def wait_for(self, test, seen):
        """the frames up to one for which test holds; seen is extended"""
        until = time.monotonic() + LIMIT
        while not any(test(f) for f in seen):
            select.select(list(self.captures.values()), [], [], max(0, until - time.monotonic()))
            seen.extend(self.drain())
            assert time.monotonic() < until, f"not seen in time; seen: {seen}"
        return seen

    def fence(self, seen):
        """everything that was sent before is in seen afterwards"""
        tag = self.new_tag()
        with self.socket("H", socket.SOCK_DGRAM) as s:
            s.sendto(tag, ("10.99.0.1", 7))
        return self.wait_for(lambda f: tag in f.data, seen)

    def close(self):
        if self.tool:
            self.tool.stdin.close()
            self.tool.wait()
        for capture in self.captures.values():
            capture.close()
        for name in self.spaces:
            os.close(self.spaces[name])
            subprocess.run(["ip", "netns", "del", f"{self.prefix}{name}"], check=False)
